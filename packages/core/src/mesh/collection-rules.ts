import { COLLECTIONS_MAX } from '../sync/limits.js';
import type { CollectionRule } from '../sync/record-judge.js';
import type { AcceptRule } from './mesh-record.js';

/** Who may write the keys of which collection, where the application says so. */
export class CollectionRules {
  readonly #rules = new Map<string, AcceptRule>();

  /** @throws RangeError for one collection more than are kept. */
  set(collection: string, accept: AcceptRule): void {
    if (!this.#rules.has(collection) && this.#rules.size >= COLLECTIONS_MAX)
      throw new RangeError(`At most ${COLLECTIONS_MAX} collections have rules of their own.`);
    this.#rules.set(collection, accept);
  }

  /** The rule that needs nothing of the application; what it decides by a function is open before that is asked. */
  rule(collection: string): CollectionRule {
    const accept = this.#rules.get(collection) ?? 'first-writer';
    return typeof accept === 'string' ? accept : 'open';
  }

  /** The application's function, where it has one for this collection. */
  asked(collection: string): Exclude<AcceptRule, CollectionRule> | undefined {
    const accept = this.#rules.get(collection);
    return typeof accept === 'function' ? accept : undefined;
  }
}
