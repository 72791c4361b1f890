import type * as Crypto from '../src/index.js';
import type { SuiteCase } from './vector-suite.mjs';

export interface CrossSubject {
  readonly api: typeof Crypto;
  readonly here: Crypto.CompleteProvider;
  readonly there: Crypto.CompleteProvider;
  readonly rounds: number;
}
export function crossCases(subject: CrossSubject): SuiteCase<void>[];
