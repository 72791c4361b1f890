import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import type { HybridTime } from '../sync/hybrid-clock.js';
import type { CollectionRule } from '../sync/record-judge.js';
import { splitName } from '../sync/record-name.js';
import type { ReadRecord } from '../sync/record-proof.js';
import type { BroadcastResult, Payload } from '../transport/index.js';

/** When a record was written: milliseconds since 1970 and a counter within one. Later writes of a key win. */
export type RecordVersion = HybridTime;

/** A record as it stands here. */
export interface MeshRecord {
  readonly collection: string;
  readonly key: string;
  /** Undefined for a deleted one, and in events for a large one: read that with `get`. */
  readonly value: Payload | undefined;
  readonly isDeleted: boolean;
  readonly version: RecordVersion;
  /** The node that signed it. */
  readonly author: NodeId;
  /** 32 hexadecimal digits; the same at every node. */
  readonly id: string;
}

/** What is to be written. */
export interface RecordInput {
  /** 1 to 64 characters of printable ASCII without spaces. */
  readonly collection: string;
  /** 1 to 256 bytes of text. */
  readonly key: string;
  /** What a message can carry, 16 MiB encoded unless the option `records` says otherwise. */
  readonly value: Payload;
}

/** Options of writing a record. */
export interface ReplicateOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What became of a record here: it is durable, and on its way to the others. */
export interface ReplicateResult extends BroadcastResult {
  readonly version: RecordVersion;
}

/** Which records of a collection are walked over, in the order of their keys' bytes. */
export interface RecordRange {
  /** First key wanted. @default from the first */
  readonly gte?: string | undefined;
  /** First key not wanted. @default to the last */
  readonly lt?: string | undefined;
  /** @default all */
  readonly limit?: number | undefined;
  /** From the last key to the first. @default false */
  readonly reverse?: boolean | undefined;
}

/**
 * Who may write a collection's keys. A function is asked beside the order of versions; it must answer alike at every node, whatever came before,
 * or their stores differ.
 */
export type AcceptRule =
  CollectionRule | ((record: MeshRecord, previous: MeshRecord | undefined) => boolean | Promise<boolean>);

/** Options of {@link MeshNetwork.collection}. */
export interface CollectionOptions {
  /** @default 'first-writer' */
  readonly accept?: AcceptRule | undefined;
}

/** A record has changed here. */
export interface RecordChangeEvent {
  readonly record: MeshRecord;
  /** Whether another node wrote it. */
  readonly isRemote: boolean;
}

/** Options `records` of a mesh. */
export interface RecordOptions {
  /** Records held, deleted ones included. A further one is refused with SYNC_FULL. @default 262,144 */
  readonly recordsMax?: number | undefined;
  /** Bytes of records with proofs and large values. @default 64 MiB in memory, 1 GiB in a store */
  readonly bytesMax?: number | undefined;
  /** How long a deletion spreads; a node that was away for longer may bring deleted records back to young nodes. @default 30 days */
  readonly tombstoneMs?: number | undefined;
  /** Bytes of one encoded value, up to 32 MiB. @default 16 MiB */
  readonly valueBytesMax?: number | undefined;
}

/** A record as users see it. The value of a large one comes from its chunks. */
export function meshRecord({ fields, meta }: ReadRecord, largeValue?: Payload): MeshRecord {
  const { content } = fields;
  return {
    ...splitName(fields.name),
    value: content.type === 'value' ? content.value : largeValue,
    isDeleted: content.type === 'tombstone',
    version: fields.version,
    author: meta.author,
    id: bytesToHex(meta.id),
  };
}
