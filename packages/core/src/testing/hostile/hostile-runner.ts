import type { RateLimiterOptions } from '../../mesh/default-guard.js';
import type { Guard } from '../../transport/index.js';

/** What the suite says of a value. */
export interface HostileExpectation {
  /** The very same, as Object.is sees it. */
  toBe(expected: unknown): unknown;
  /** The same contents. */
  toEqual(expected: unknown): unknown;
  /** A number, not below. */
  toBeGreaterThanOrEqual(expected: number): unknown;
  /** A number, not above. */
  toBeLessThanOrEqual(expected: number): unknown;
}

/** Throws where an expectation fails. */
export type HostileExpect = (actual: unknown) => HostileExpectation;

/** What the suite needs of a test runner; jest's, vitest's and their like fit. */
export interface HostileRunner {
  /** Registers a test. */
  readonly test: (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;
  /** Throws where an expectation fails. */
  readonly expect: HostileExpect;
}

/** The guard that is attacked. */
export interface HostileSubject {
  /** Begins the title of each test. */
  readonly name: string;
  /** A new guard with these limits for each attack; undefined for the default guard of core. */
  guard(limits: RateLimiterOptions): Guard | undefined;
}
