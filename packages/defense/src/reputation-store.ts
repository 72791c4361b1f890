import type { Store, StoreOperation } from '@yakmesh/core/transport';
import { bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import type { ReputationJson } from './reputation-json.js';

/** Nodes, and scopes, in one value of the store: reading one takes about a millisecond. */
const PART_ENTRIES = 256;
/** The largest value read, three times what 256 nodes with sixteen reports each take. A larger one is skipped and counted. */
export const REPUTATION_PART_BYTES_MAX = 2_097_152;
/** Values read: all that a tracker of the largest size writes. Further ones are left alone. */
export const REPUTATION_PARTS_MAX = 4_096;

const PREFIX = 'defense/reputation/';
/** The first key after all with the prefix: '0' follows '/'. */
const END = 'defense/reputation0';

/** Writes the parts and removes those of an earlier, larger save, all or nothing. */
export async function saveReputation(
  store: Store,
  { version, nodes, scopes }: ReputationJson,
): Promise<void> {
  const operations: StoreOperation[] = [];
  const count = Math.ceil(Math.max(nodes.length, scopes.length) / PART_ENTRIES);
  for (let index = 0; index < count; index += 1) {
    const part = { version, nodes: sliceOf(nodes, index), scopes: sliceOf(scopes, index) };
    operations.push({ type: 'put', key: keyOf(index), value: utf8ToBytes(JSON.stringify(part)) });
  }
  for await (const [key] of store.range({ gte: keyOf(count), lt: END }))
    operations.push({ type: 'delete', key });
  await store.batch(operations);
}

/** The saved parts as JSON gives them, unchecked; undefined for one that is no JSON or too large. */
export async function* loadReputation(store: Store): AsyncGenerator<unknown> {
  for await (const [, bytes] of store.range({ gte: PREFIX, lt: END, limit: REPUTATION_PARTS_MAX }))
    yield parsed(bytes);
}

function parsed(bytes: Uint8Array): unknown {
  if (bytes.length > REPUTATION_PART_BYTES_MAX) return undefined;
  try {
    return JSON.parse(bytesToUtf8(bytes) ?? '') as unknown;
  } catch {
    // A damaged file is not the caller's fault: the tracker counts it as skipped.
    return undefined;
  }
}

function sliceOf<Entry>(entries: readonly Entry[], index: number): readonly Entry[] {
  return entries.slice(index * PART_ENTRIES, (index + 1) * PART_ENTRIES);
}

function keyOf(index: number): string {
  return PREFIX + String(index).padStart(6, '0');
}
