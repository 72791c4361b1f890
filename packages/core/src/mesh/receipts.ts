import { bytesToHex, concatBytes, type NodeId } from '@yakmesh/crypto';
import { TokenBucket } from '../link/token-bucket.js';
import { BoundedMap, type Clock } from '../transport/index.js';
import type { Counters } from './counters.js';

/** Messages whose acknowledgement can be given again. */
const RECEIPTS_KEPT_MAX = 8_192;
/** Acknowledgements given again in a second, whoever asks. */
const REPEATS_PER_SECOND = 256;
/** Such ones saved up. */
const REPEATS_BURST = 512;
/** Origins, by protocol, to which acknowledgements are owed at once. */
const DEBTS_MAX = 1_024;
/** Ids in one acknowledgement. */
export const RECEIPT_IDS_MAX = 256;
/** Ids that may wait for one origin, besides those being sent. */
const DEBT_IDS_MAX = 4_096;

export interface ReceiptsOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Signs and sends an acknowledgement; settles when that is done or has failed. */
  readonly send: (to: NodeId, protocol: string, ids: Uint8Array) => Promise<void>;
}

interface Debt {
  readonly ids: Uint8Array[];
  isSending: boolean;
}

/** Acknowledges what was delivered here: what comes while one acknowledgement is being signed goes into the next. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #given = new BoundedMap<string, true>(RECEIPTS_KEPT_MAX);
  readonly #debts = new Map<string, Debt>();
  readonly #repeats: TokenBucket;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#repeats = new TokenBucket(REPEATS_PER_SECOND, REPEATS_BURST, options.clock.monotonicMs());
  }

  /** A message of that node was delivered. */
  delivered(origin: NodeId, protocol: string, id: Uint8Array): void {
    this.#given.set(bytesToHex(id), true);
    this.#owe(origin, protocol, id);
  }

  /** A copy came of what may have been delivered: its acknowledgement was lost. */
  repeated(origin: NodeId, protocol: string, id: Uint8Array): void {
    if (!this.#given.has(bytesToHex(id))) return;
    if (this.#repeats.take(this.#options.clock.monotonicMs())) this.#owe(origin, protocol, id);
  }

  #owe(origin: NodeId, protocol: string, id: Uint8Array): void {
    const name = `${origin}${protocol}`;
    const debt = this.#debts.get(name) ?? { ids: [], isSending: false };
    const isNew = !this.#debts.has(name);
    if ((isNew && this.#debts.size >= DEBTS_MAX) || debt.ids.length >= DEBT_IDS_MAX)
      return this.#options.counters.add('acknowledgements:dropped');
    debt.ids.push(id);
    this.#debts.set(name, debt);
    if (debt.isSending) return;
    debt.isSending = true;
    // What was delivered together is acknowledged together.
    this.#options.clock.defer(() => void this.#settle(name, debt, origin, protocol));
  }

  async #settle(name: string, debt: Debt, origin: NodeId, protocol: string): Promise<void> {
    while (debt.ids.length > 0) {
      const ids = debt.ids.splice(0, RECEIPT_IDS_MAX);
      await this.#options.send(origin, protocol, concatBytes(...ids));
    }
    debt.isSending = false;
    this.#debts.delete(name);
  }
}
