import type * as Crypto from '../src/index.js';

export interface SuiteCase<Result> {
  readonly name: string;
  run(): Promise<Result>;
}
export interface VectorSubject {
  readonly api: typeof Crypto;
  readonly provider: Crypto.CompleteProvider;
}
export const VECTOR_FILES: Readonly<Record<string, number>>;
export function vectorCases(subject: VectorSubject, load: (file: string) => unknown): SuiteCase<number>[];
