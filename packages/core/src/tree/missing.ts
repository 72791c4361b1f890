import type { NodeId } from '@yakmesh/crypto';
import { entryKey } from './entry-book.js';
import type { Entry } from './messages.js';
import { includes, lowest, overlaps, without, type Spans } from './spans.js';
import { ANNOUNCERS_MAX, GRAFT_RETRY_MS, GRAFTED_MESSAGES_MAX, MISSING_MAX } from './tree-limits.js';

/** What of an entry was never seen here and may be asked for. */
export type Lacking = (origin: Uint8Array, epoch: number, spans: Spans) => Spans;

interface Announcer {
  readonly peer: NodeId;
  readonly atMs: number;
}

/** Messages that were announced together and have not come. */
interface Group {
  readonly key: string;
  readonly origin: Uint8Array;
  readonly epoch: number;
  spans: Spans;
  /** Who has them and was not asked yet, in the order of announcing. */
  announcers: Announcer[];
  dueMs: number;
}

/** A request that is due. */
export interface Graft {
  readonly to: NodeId;
  readonly entries: readonly Entry[];
}

/** Live messages that lazy neighbours have announced: what does not come along the tree in time is asked for. */
export class Missing {
  readonly #lacking: Lacking;
  readonly #groups = new Map<string, Group[]>();
  #size = 0;
  #dueMs: number | undefined;

  constructor(lacking: Lacking) {
    this.#lacking = lacking;
  }

  get size(): number {
    return this.#size;
  }

  get deadlineMs(): number | undefined {
    return this.#dueMs;
  }

  /** Notes who has what; answers how many of the entry's messages are missing, and 'full' where they cannot be noted. */
  announced(from: NodeId, entry: Entry, waitMs: number, nowMs: number): number | 'full' {
    const { origin, epoch } = entry;
    const lacking = this.#lacking(origin, epoch, entry.spans);
    if (lacking.length === 0) return 0;
    const key = entryKey(entry);
    const known = this.#groups.get(key) ?? [];
    let fresh = lacking;
    for (const group of known) {
      if (!overlaps(group.spans, lacking)) continue;
      fresh = without(fresh, group.spans);
      const isKnown = group.announcers.some(({ peer }) => peer === from);
      if (!isKnown && group.announcers.length < ANNOUNCERS_MAX)
        group.announcers.push({ peer: from, atMs: nowMs });
    }
    if (fresh.length === 0) return 1;
    if (this.#size >= MISSING_MAX) return 'full';
    const spans = lowest(fresh, GRAFTED_MESSAGES_MAX);
    const announcers = [{ peer: from, atMs: nowMs }];
    this.#groups.set(key, [...known, { key, origin, epoch, spans, announcers, dueMs: nowMs + waitMs }]);
    this.#size += 1;
    this.#dueMs = Math.min(this.#dueMs ?? Infinity, nowMs + waitMs);
    return 1;
  }

  /** Who was first to announce a message, and when; undefined where nobody was before it came. */
  announcerOf(entry: Entry): Announcer | undefined {
    const sequence = entry.spans[0]?.first ?? 0;
    const group = this.#groups.get(entryKey(entry))?.find(({ spans }) => includes(spans, sequence));
    return group?.announcers[0];
  }

  /** A neighbour is gone: what it alone could have sent is left to others. */
  forget(peer: NodeId, nowMs: number): void {
    for (const groups of this.#groups.values()) {
      for (const group of groups) {
        const left = group.announcers.filter((announcer) => announcer.peer !== peer);
        group.announcers = left;
      }
    }
    // It may be the one that owed us messages: the others are asked at the next look.
    if (this.#size > 0) this.#dueMs = nowMs;
  }

  /** The neighbour along the tree is gone: what it owed is asked for at once. */
  hurry(nowMs: number): void {
    for (const groups of this.#groups.values()) for (const group of groups) group.dueMs = nowMs;
    if (this.#size > 0) this.#dueMs = nowMs;
  }

  tick(nowMs: number): Graft[] {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return [];
    const wanted = new Map<NodeId, Entry[]>();
    let dueMs = Infinity;
    for (const [key, groups] of this.#groups) {
      const left = groups.filter((group) => this.#look(group, wanted, nowMs));
      for (const group of left) dueMs = Math.min(dueMs, group.dueMs);
      this.#size -= groups.length - left.length;
      if (left.length === 0) this.#groups.delete(key);
      else this.#groups.set(key, left);
    }
    this.#dueMs = dueMs === Infinity ? undefined : dueMs;
    return [...wanted].flatMap(([to, entries]) => limited(to, entries));
  }

  /** False when the group needs no further look. */
  #look(group: Group, wanted: Map<NodeId, Entry[]>, nowMs: number): boolean {
    if (group.dueMs > nowMs) return true;
    const { origin, epoch } = group;
    group.spans = this.#lacking(origin, epoch, group.spans);
    if (group.spans.length === 0) return false;
    const next = group.announcers.shift();
    // The last one that had it has not sent it: the next comparison finds it, if anyone still has it.
    if (next === undefined) return false;
    wanted.set(next.peer, [...(wanted.get(next.peer) ?? []), { origin, epoch, spans: group.spans }]);
    group.dueMs = nowMs + GRAFT_RETRY_MS;
    return true;
  }
}

/** Requests of no more messages than one may name. */
function limited(to: NodeId, entries: readonly Entry[]): Graft[] {
  const grafts: Graft[] = [];
  let batch: Entry[] = [];
  let messages = 0;
  for (const entry of entries) {
    const count = entry.spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    if (messages > 0 && messages + count > GRAFTED_MESSAGES_MAX) {
      grafts.push({ to, entries: batch });
      batch = [];
      messages = 0;
    }
    batch.push(entry);
    messages += count;
  }
  if (batch.length > 0) grafts.push({ to, entries: batch });
  return grafts;
}
