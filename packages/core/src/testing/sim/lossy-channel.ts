import { SeededRandom } from '../seeded-random.js';

/** What a {@link LossyChannel} does to what is sent into it: the share of the messages that each happens to. */
export interface LossyChannelOptions {
  readonly seed: number | string;
  /** Never arrive. @default 0 */
  readonly loss?: number | undefined;
  /** Arrive twice, the second time after a latency of its own. @default 0 */
  readonly duplication?: number | undefined;
  /** Take up to three times the latency, so that later ones overtake them. @default 0 */
  readonly reordering?: number | undefined;
  /** Arrive with one bit changed, cut short, or lengthened: what decoders of machines must stand. @default 0 */
  readonly mutation?: number | undefined;
  /** @default 10 */
  readonly latencyMs?: number | undefined;
}

interface Travelling {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** One direction between two machines, over which datagrams are lost, doubled, overtaken and damaged as a seed determines. Time is an argument. */
export class LossyChannel {
  readonly #random: SeededRandom;
  readonly #options: LossyChannelOptions;
  #travelling: Travelling[] = [];

  constructor(options: LossyChannelOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed).fork('lossy channel');
  }

  /** When the next message arrives; undefined where none travels. */
  get deadlineMs(): number | undefined {
    return this.#travelling[0]?.atMs;
  }

  /** Sends a message, which may be lost, doubled, damaged or late. */
  send(bytes: Uint8Array, nowMs: number): void {
    const { loss = 0, duplication = 0 } = this.#options;
    if (this.#happens(loss)) return;
    this.#travel(bytes, nowMs);
    if (this.#happens(duplication)) this.#travel(bytes, nowMs);
  }

  /** What has arrived by now, in the order of arrival. */
  receive(nowMs: number): Uint8Array[] {
    const count = this.#travelling.findIndex(({ atMs }) => atMs > nowMs);
    const arrived = this.#travelling.splice(0, count === -1 ? this.#travelling.length : count);
    return arrived.map(({ bytes }) => bytes);
  }

  #travel(bytes: Uint8Array, nowMs: number): void {
    const { latencyMs = 10, reordering = 0, mutation = 0 } = this.#options;
    const delayMs = this.#happens(reordering) ? latencyMs * (1 + 2 * this.#random.unit()) : latencyMs;
    const atMs = nowMs + delayMs;
    const travelling = { bytes: this.#happens(mutation) ? this.#damaged(bytes) : bytes.slice(), atMs };
    const index = this.#travelling.findIndex((other) => other.atMs > atMs);
    this.#travelling.splice(index === -1 ? this.#travelling.length : index, 0, travelling);
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const kind = this.#random.below(3);
    if (kind === 0 && bytes.length > 0) return bytes.slice(0, this.#random.below(bytes.length));
    if (kind === 1) {
      const longer = new Uint8Array(bytes.length + 1 + this.#random.below(16));
      longer.set(bytes);
      return longer;
    }
    const changed = bytes.slice();
    if (changed.length === 0) return changed;
    const at = this.#random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << this.#random.below(8));
    return changed;
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random.unit() < share;
  }
}
