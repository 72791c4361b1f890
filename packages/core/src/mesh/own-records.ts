import type { NodeId } from '@yakmesh/crypto';
import type { Batch, BatchMessage } from '../envelope/batch.js';
import { encodePayload } from '../envelope/payload.js';
import { RecordError } from '../sync/errors.js';
import { INLINE_BYTES_MAX } from '../sync/limits.js';
import { storeError, type Outcome, type RecordKeeper } from '../sync/record-keeper.js';
import { readDelivered, SYNC_PROTOCOL } from '../sync/record-proof.js';
import { recordPayload, type RecordContent } from '../sync/record.js';
import type { Payload } from '../transport/index.js';
import type { LargeRecords } from './large-records.js';
import type { ReplicateResult } from './mesh-record.js';
import type { Publisher, PublishOptions } from './publisher.js';

export interface OwnRecordsOptions {
  readonly self: NodeId;
  readonly publisher: Publisher;
  readonly keeper: RecordKeeper;
  readonly large: LargeRecords;
}

type WriteOptions = Pick<PublishOptions, 'signal'>;

/** Writes records of our own: signed, kept durably, then spread. */
export class OwnRecords {
  readonly #options: OwnRecordsOptions;

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
  }

  /** Resolves when the record is on its way; undefined deletes. */
  async write(name: string, value: Payload | undefined, options: WriteOptions): Promise<ReplicateResult> {
    if (value === undefined) return this.#write(name, { type: 'tombstone' }, options);
    const bytes = encodePayload(value);
    if (bytes.length <= INLINE_BYTES_MAX) return this.#write(name, { type: 'value', value }, options);
    return this.#options.large.writing(bytes, (content) => this.#write(name, content, options));
  }

  async #write(name: string, content: RecordContent, options: WriteOptions): Promise<ReplicateResult> {
    const { self, publisher, keeper } = this.#options;
    const fields = keeper.fields(name, self, content);
    keeper.requireWritable(fields, self, content.type === 'large' ? content.size : 0);
    const before = this.#keep;
    const result = await publisher.broadcast(SYNC_PROTOCOL, recordPayload(fields), { ...options, before });
    return { ...result, version: fields.version };
  }

  /** Of one batch together: one signature, one write to the store. */
  readonly #keep = async (
    batch: Batch,
    messages: readonly BatchMessage[],
  ): Promise<readonly (Error | undefined)[]> => {
    const candidates = messages.map((message) => readDelivered(batch, message));
    const own = candidates.filter((candidate) => candidate !== undefined);
    if (own.length < candidates.length) throw new RecordError('SYNC_REFUSED', 'The record cannot be read.');
    const outcomes = await this.#options.keeper
      .take(own, { from: undefined, isProven: true })
      .catch((error: unknown) => Promise.reject(storeError(error)));
    return outcomes.map(refusal);
  };
}

/** What the writer of a record hears that was signed and not taken. */
function refusal(outcome: Outcome): RecordError | undefined {
  switch (outcome) {
    case 'take':
      return undefined;
    case 'SYNC_FULL':
      return new RecordError('SYNC_FULL', 'The store of records is at its limit.');
    case 'SYNC_NOT_OWNER':
      return new RecordError('SYNC_NOT_OWNER', 'The key belongs to another node.');
    case 'stale':
      return new RecordError('SYNC_STALE', 'A later record of this key came first; read it and write again.');
    default:
      return new RecordError('SYNC_REFUSED', `The rule of the collection refuses the record (${outcome}).`);
  }
}
