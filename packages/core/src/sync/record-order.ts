import { decodeNodeId, utf8ToBytes } from '@yakmesh/crypto';
import { compareTimes } from './hybrid-clock.js';
import type { RecordMeta } from './record.js';

/** Whether a key belongs to its first writer: then an earlier claim counts before a later version. */
export type Ownership = 'first-writer' | 'open';

type Ranked = Pick<RecordMeta, 'version' | 'claim' | 'author' | 'id'>;

/**
 * Which of two records of one key stays: positive where `a` does. A total order of what the records themselves say, so that all nodes end with
 * the same one, in whatever order they hear of them. Where the first writer owns its key: the earlier claim, then the author; then, and
 * everywhere else, the later version, the author, the id.
 */
export function compareRecords(a: Ranked, b: Ranked, ownership: Ownership): number {
  const byClaim =
    ownership === 'open' ? 0 : compareTimes(b.claim, a.claim) || compareAuthors(b.author, a.author);
  return (
    byClaim ||
    compareTimes(a.version, b.version) ||
    compareAuthors(a.author, b.author) ||
    compareBytes(a.id, b.id)
  );
}

/** By the 32 bytes: the order of the texts is another one. */
function compareAuthors(a: string, b: string): number {
  return a === b ? 0 : compareBytes(authorBytes(a), authorBytes(b));
}

function authorBytes(author: string): Uint8Array {
  return decodeNodeId(author) ?? utf8ToBytes(author);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
