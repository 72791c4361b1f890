import {
  BATCH_HEAD_BYTES,
  bytesToHex,
  ByteReader,
  ByteWriter,
  decodeBatchHead,
  decodeNodeId,
  encodeNodeId,
  hexToBytes,
  ML_DSA_65_SIGNATURE_BYTES,
  sha256,
  type NodeId,
} from '@yakmesh/crypto';
import { networkPrefix } from '../network-hash.js';
import { BoundedMap, type Store, type StoreOperation } from '../transport/index.js';
import { compareTimes, type HybridTime } from './hybrid-clock.js';
import type { ProvenHead, ProvenRecord } from './neighbour-actions.js';
import { nameBytes } from './record-name.js';
import type { LoadedRecord, RecordChanges, RecordStore } from './record-store.js';
import { readRecord, recordBytes, writeRecord } from './stream-messages.js';

/** Heads kept ready; neighbouring records mostly share theirs. */
const HEADS_READY_MAX = 64;
const NAME_HASH_BYTES = 16;
/** Bytes of a hash that names a batch here. */
export const HEAD_KEY_BYTES = 16;
const NETWORK_BYTES = 32;

/** r/ records, h/ heads, k/ keys of their signers, g/ graves, c/ chunks. Numbers are of fixed length, so entries sort. */
const PLACE = { record: 'r/', head: 'h/', key: 'k/', grave: 'g/', chunk: 'c/' } as const;

/** Keeps records in a {@link Store}: memory, or what survives the process. */
export class StoredRecords implements RecordStore {
  readonly #store: Store;
  readonly #heads = new BoundedMap<string, ProvenHead>(HEADS_READY_MAX, { touchOnGet: true });

  constructor(store: Store) {
    this.#store = store;
  }

  async get(name: string): Promise<ProvenRecord | undefined> {
    const stored = readStored(await this.#store.get(PLACE.record + nameHash(name)));
    if (stored === undefined) return undefined;
    const head = await this.#head(stored.headKey);
    return head && { ...stored, head };
  }

  async write(changes: RecordChanges): Promise<void> {
    const operations: StoreOperation[] = [];
    const put = (key: string, value: Uint8Array): void => void operations.push({ type: 'put', key, value });
    const remove = (key: string): void => void operations.push({ type: 'delete', key });
    for (const head of changes.heads) {
      put(PLACE.head + head.key, headValue(head));
      put(authorKey(head.author), head.publicKey);
    }
    for (const { name, record } of changes.records) put(PLACE.record + nameHash(name), recordValue(record));
    for (const name of changes.deletedNames) remove(PLACE.record + nameHash(name));
    for (const key of changes.deletedHeads) remove(PLACE.head + key);
    for (const author of changes.deletedAuthors) remove(authorKey(author));
    for (const { name, version } of changes.graves) put(PLACE.grave + nameHash(name), graveValue(version));
    for (const hash of changes.deletedGraves) remove(PLACE.grave + hash);
    await this.#store.batch(operations, { sync: true });
    for (const key of changes.deletedHeads) this.#heads.delete(key);
    // After the record is gone: chunks without one are only waste, a record without its chunks would be a loss.
    for (const root of changes.deletedRoots) await this.deleteChunks(root);
  }

  async *load(): AsyncIterable<LoadedRecord> {
    const heads = new Map<string, Pick<LoadedRecord, 'author' | 'authorBytes' | 'networkHash'>>();
    for await (const [key, value] of this.#entries(PLACE.head)) {
      const head = readHead(value);
      if (head === undefined) continue;
      const { author, authorBytes, networkHash } = head;
      heads.set(key, { author, authorBytes, networkHash });
    }
    const needed = new Set<string>();
    for await (const [, value] of this.#entries(PLACE.record)) {
      const stored = readStored(value);
      const head = stored && heads.get(stored.headKey);
      if (stored === undefined || head === undefined) continue;
      needed.add(stored.headKey);
      yield { ...stored, ...head };
    }
    await this.#sweep([...heads.keys()].filter((key) => !needed.has(key)));
  }

  async graves(): Promise<[string, HybridTime][]> {
    const graves: [string, HybridTime][] = [];
    for await (const [hash, value] of this.#entries(PLACE.grave)) {
      const reader = new ByteReader(value);
      const version = { timeMs: reader.u48(), counter: reader.u16() };
      if (reader.end()) graves.push([hash, version]);
    }
    return graves.sort(([, a], [, b]) => compareTimes(a, b));
  }

  async chunk(root: string, index: number): Promise<Uint8Array | undefined> {
    return this.#store.get(chunkKey(root, index));
  }

  async putChunks(root: string, chunks: readonly (readonly [number, Uint8Array])[]): Promise<void> {
    const operations = chunks.map(
      ([index, value]) => ({ type: 'put', key: chunkKey(root, index), value }) as const,
    );
    await this.#store.batch(operations, { sync: true });
  }

  /** One step a value, whatever its size. */
  async *roots(): AsyncIterable<string> {
    let gte: string = PLACE.chunk;
    for (;;) {
      let root: string | undefined;
      for await (const [key] of this.#store.range({ gte, lt: successor(PLACE.chunk), limit: 1 }))
        root = key.slice(PLACE.chunk.length).split('/')[0];
      if (root === undefined) return;
      yield root;
      gte = successor(`${PLACE.chunk}${root}/`);
    }
  }

  async chunksOf(root: string): Promise<number[]> {
    const found: number[] = [];
    for await (const [index] of this.#entries(`${PLACE.chunk}${root}/`))
      found.push(Number.parseInt(index, 16));
    return found;
  }

  async deleteChunks(root: string): Promise<void> {
    const operations: StoreOperation[] = [];
    for await (const [key] of this.#entries(`${PLACE.chunk}${root}/`))
      operations.push({ type: 'delete', key: `${PLACE.chunk}${root}/${key}` });
    if (operations.length > 0) await this.#store.batch(operations);
  }

  /** A crash may have come between a record's replacement and the removal of its batch. */
  async #sweep(heads: readonly string[]): Promise<void> {
    if (heads.length === 0) return;
    await this.#store.batch(heads.map((key) => ({ type: 'delete', key: PLACE.head + key })));
  }

  /** Entries of a place, without its prefix. */
  async *#entries(place: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of this.#store.range({ gte: place, lt: successor(place) }))
      yield [key.slice(place.length), value];
  }

  async #head(key: string): Promise<ProvenHead | undefined> {
    const ready = this.#heads.get(key);
    if (ready !== undefined) return ready;
    const head = readHead((await this.#store.get(PLACE.head + key)) ?? new Uint8Array(0));
    const publicKey = head && (await this.#store.get(authorKey(head.author)));
    if (head === undefined || publicKey === undefined) return undefined;
    const proven = { ...head, key, publicKey };
    this.#heads.set(key, proven);
    return proven;
  }
}

/** The first key behind all that begin so. */
function successor(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** The first 16 bytes of SHA-256(name) as hex. */
export function nameHash(name: string): string {
  return bytesToHex(sha256(nameBytes(name)).subarray(0, NAME_HASH_BYTES));
}

/** Bytes that a record takes with its own share of everything but its batch. */
export function storedBytes(record: Pick<ProvenRecord, 'path' | 'core'>): number {
  return 2 * NAME_HASH_BYTES + PLACE.record.length + HEAD_KEY_BYTES + recordBytes(record);
}

function authorKey(author: NodeId): string {
  return PLACE.key + bytesToHex(decodeNodeId(author) ?? new Uint8Array(0));
}

function chunkKey(root: string, index: number): string {
  return `${PLACE.chunk}${root}/${index.toString(16).padStart(4, '0')}`;
}

function recordValue(record: ProvenRecord): Uint8Array {
  const writer = new ByteWriter(HEAD_KEY_BYTES + recordBytes(record)).bytes(hexToBytes(record.head.key));
  return writeRecord(writer, record).finish();
}

function readStored(value: Uint8Array | undefined) {
  const reader = new ByteReader(value ?? new Uint8Array(0));
  const headKey = bytesToHex(reader.bytes(HEAD_KEY_BYTES));
  const record = readRecord(reader);
  return record && { ...record, headKey };
}

function headValue({ networkHash, head, signature }: ProvenHead): Uint8Array {
  const writer = new ByteWriter(NETWORK_BYTES + BATCH_HEAD_BYTES + ML_DSA_65_SIGNATURE_BYTES);
  return writer.bytes(networkHash).bytes(head).bytes(signature).finish();
}

function readHead(value: Uint8Array) {
  const reader = new ByteReader(value);
  const networkHash = reader.bytes(NETWORK_BYTES);
  const head = reader.bytes(BATCH_HEAD_BYTES);
  const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
  const fields = reader.end() ? decodeBatchHead(head) : undefined;
  if (fields === undefined) return undefined;
  const authorBytes = fields.signer.slice();
  const author = encodeNodeId(authorBytes);
  return { networkHash, networkPrefix: networkPrefix(networkHash), head, signature, author, authorBytes };
}

function graveValue({ timeMs, counter }: HybridTime): Uint8Array {
  return new ByteWriter(8).u48(timeMs).u16(counter).finish();
}
