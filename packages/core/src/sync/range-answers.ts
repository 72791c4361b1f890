import { equalBytes } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { BRANCHES, LEAF_RECORDS } from './limits.js';
import type { RangeIndex, Indexed } from './range-index.js';
import { separator } from './record-name.js';
import { GROUP_MAX, idKey, type ComparedRange, type RangeIds } from './stream-messages.js';

/** A range in which a neighbour has something else than we. */
export interface DifferingRange {
  readonly from: string;
  readonly to: string | undefined;
  /** Records that it has there, as it says. */
  readonly theirs: number;
}

export type RangeAnswer =
  | { readonly type: 'compare'; readonly ranges: readonly ComparedRange[] }
  | { readonly type: 'list'; readonly range: RangeIds }
  /** It has nothing there: it gets all. */
  | { readonly type: 'send-all' };

/** Entries of a range up to which its ids are compared one by one; beyond, the range is cut instead. */
const LISTED_MAX = 4 * GROUP_MAX;

type Index = RangeIndex<Indexed>;

export function differs(index: Index, { from, to, count, fingerprint }: ComparedRange): boolean {
  const own = index.summary(from, to);
  return own.count !== count || !equalBytes(own.fingerprint, fingerprint);
}

/** What to say of a range that differs: its parts, or at last the ids in it. */
export function answerRange(index: Index, { from, to, theirs }: DifferingRange): RangeAnswer {
  if (theirs === 0) return { type: 'send-all' };
  const count = sizeOf(index, from, to);
  if (count === 0) return { type: 'compare', ranges: [compared(index, from, to)] };
  if (count <= LEAF_RECORDS) {
    const ids = [...index.entries(from, to)].map(({ id }) => id);
    return { type: 'list', range: { from, to, ids } };
  }
  return { type: 'compare', ranges: parts(index, from, to, evenRanks(count)) };
}

/**
 * What begins a round: everything, cut at random places, so that records made to deceive the fingerprints of one cut are found out at another.
 */
export function openingRanges(index: Index, random: Random): ComparedRange[] {
  const { size } = index;
  const ranks = new Set<number>();
  for (let part = 1; part < BRANCHES && size > LEAF_RECORDS; part += 1) ranks.add(random.below(size));
  return parts(
    index,
    '',
    undefined,
    [...ranks].filter((rank) => rank > 0).sort((a, b) => a - b),
  );
}

/** How a neighbour's list differs from what is here. Undefined where there is so much that the range is better cut. */
export function compareList(
  index: Index,
  { from, to, ids }: RangeIds,
): { readonly send: readonly string[]; readonly want: readonly Uint8Array[] } | undefined {
  if (sizeOf(index, from, to) > LISTED_MAX) return undefined;
  const theirs = new Set(ids.map(idKey));
  const own = new Set<string>();
  const send: string[] = [];
  for (const { id, name } of index.entries(from, to)) {
    own.add(idKey(id));
    if (!theirs.has(idKey(id))) send.push(name);
  }
  return { send, want: ids.filter((id) => !own.has(idKey(id))) };
}

/** Names of the records that a neighbour wants by their ids; what has been replaced since is left out. */
export function wantedNames(index: Index, { from, to, ids }: RangeIds): string[] {
  if (sizeOf(index, from, to) > LISTED_MAX) return [];
  const wanted = new Set(ids.map(idKey));
  const names: string[] = [];
  for (const { id, name } of index.entries(from, to)) if (wanted.has(idKey(id))) names.push(name);
  return names;
}

function sizeOf(index: Index, from: string, to: string | undefined): number {
  return index.rank(to) - index.rank(from);
}

function compared(index: Index, from: string, to: string | undefined): ComparedRange {
  return { from, to, ...index.summary(from, to) };
}

function evenRanks(count: number): number[] {
  const branches = Math.min(BRANCHES, Math.ceil(count / LEAF_RECORDS));
  return Array.from({ length: branches - 1 }, (_, part) => Math.floor(((part + 1) * count) / branches));
}

/** The range cut before the entries of these ranks, which count from its beginning. */
function parts(
  index: Index,
  from: string,
  to: string | undefined,
  ranks: readonly number[],
): ComparedRange[] {
  const first = index.rank(from);
  const bounds: string[] = [];
  for (const rank of ranks) {
    const [previous, next] = [index.at(first + rank - 1), index.at(first + rank)];
    if (previous !== undefined && next !== undefined) bounds.push(separator(previous.name, next.name));
  }
  const starts = [from, ...bounds];
  return starts.map((start, at) => compared(index, start, at + 1 < starts.length ? starts[at + 1] : to));
}
