import type { NodeId } from '@yakmesh/crypto';
import type { HybridTime } from './hybrid-clock.js';
import type { ProvenHead, ProvenRecord } from './neighbour-actions.js';
import type { StreamRecord } from './stream-messages.js';

/** A record as it lies in the store: enough to know it again without the signature that proves it. */
export interface LoadedRecord extends StreamRecord {
  readonly headKey: string;
  readonly author: NodeId;
  readonly authorBytes: Uint8Array;
  readonly networkHash: Uint8Array;
}

/** Changes that are made together or not at all. */
export interface RecordChanges {
  readonly records: readonly { readonly name: string; readonly record: ProvenRecord }[];
  readonly heads: readonly ProvenHead[];
  readonly deletedNames: readonly string[];
  readonly deletedHeads: readonly string[];
  readonly deletedAuthors: readonly NodeId[];
  /** Large values that no record names any more, as hex of their roots. */
  readonly deletedRoots: readonly string[];
  readonly graves: readonly { readonly name: string; readonly version: HybridTime }[];
  readonly deletedGraves: readonly string[];
}

/** Where records live. The order of names is kept in memory, so a store need not have one. */
export interface RecordStore {
  get(name: string): Promise<ProvenRecord | undefined>;
  /** Resolves once the changes would survive a loss of power. */
  write(changes: RecordChanges): Promise<void>;
  /** All records, in any order, once at the start. */
  load(): AsyncIterable<LoadedRecord>;
  /** Deletions whose tombstones are gone: hashes of names, oldest version first. */
  graves(): Promise<[hash: string, version: HybridTime][]>;
  chunk(root: string, index: number): Promise<Uint8Array | undefined>;
  /** Resolves once they would survive a loss of power. */
  putChunks(root: string, chunks: readonly (readonly [index: number, bytes: Uint8Array])[]): Promise<void>;
  /** Large values of which chunks are here. */
  roots(): AsyncIterable<string>;
  /** Numbers of the chunks of one that are here. */
  chunksOf(root: string): Promise<number[]>;
  deleteChunks(root: string): Promise<void>;
}
