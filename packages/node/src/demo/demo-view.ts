import type { MemberStatus } from './fleet.js';

/** What became of a step. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

/** Where the demo shows how far it is. */
export interface DemoView {
  /** A step begins. */
  began(name: string): void;
  /** The nodes as they are now; called several times a second. */
  status(rows: readonly MemberStatus[]): void;
  /** A step is done, or was skipped. */
  finished(result: StepResult): void;
  /** From now on others write below. */
  release(): void;
}
