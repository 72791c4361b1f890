import type { NodeId } from '@yakmesh/crypto';
import { LIVE_BYTES_MAX, LIVE_RECORDS_MAX, LIVE_TOGETHER_MAX } from '../sync/limits.js';
import type { Outcome } from '../sync/record-keeper.js';
import type { ReadRecord } from '../sync/record-proof.js';

export interface LiveRecordsOptions {
  /** Keeps records of one neighbour durably. */
  readonly take: (candidates: readonly ReadRecord[], via: NodeId) => Promise<readonly Outcome[]>;
  readonly failed: (error: unknown) => void;
}

interface Waiting {
  readonly candidate: ReadRecord;
  readonly via: NodeId;
  readonly settle: (outcome: Outcome | undefined) => void;
}

/** Records of broadcasts on their way to the store: while one write goes on, the next ones gather and are written together. */
export class LiveRecords {
  readonly #options: LiveRecordsOptions;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isWriting = false;

  constructor(options: LiveRecordsOptions) {
    this.#options = options;
  }

  /** False where too much waits: then the record comes with the next round. */
  get hasRoom(): boolean {
    return this.#waiting.length < LIVE_RECORDS_MAX && this.#bytes < LIVE_BYTES_MAX;
  }

  /** Resolves with what became of it; undefined where the store failed. */
  add(candidate: ReadRecord, via: NodeId): Promise<Outcome | undefined> {
    this.#bytes += candidate.record.core.length;
    return new Promise((settle) => {
      this.#waiting.push({ candidate, via, settle });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { via } = first;
      const other = this.#waiting.findIndex((waiting) => waiting.via !== via);
      const together = this.#waiting.splice(0, Math.min(other < 0 ? Infinity : other, LIVE_TOGETHER_MAX));
      for (const { candidate } of together) this.#bytes -= candidate.record.core.length;
      const candidates = together.map(({ candidate }) => candidate);
      const outcomes = await this.#options.take(candidates, via).catch((error: unknown) => {
        this.#options.failed(error);
        return [];
      });
      together.forEach(({ settle }, at) => settle(outcomes[at]));
    }
    this.#isWriting = false;
  }
}
