import type { NodeId } from '@yakmesh/crypto';
import { EntryBook } from './entry-book.js';
import { framesOf, type Entry, type TreeMessage } from './messages.js';
import { ANNOUNCE_MS, ANNOUNCED_ENTRIES_MAX } from './tree-limits.js';

/** `have` is live and may still come by itself; `offer` comes only to whom asks. */
export type AnnouncementKind = 'have' | 'offer';

interface Waiting {
  have: Entry[];
  offer: Entry[];
}

/** One frame that is due. */
export interface Announcement {
  readonly to: NodeId;
  readonly message: TreeMessage;
}

/** Announcements wait here for others that can share their frames. */
export class Announcements {
  readonly #waiting = new Map<NodeId, Waiting>();
  #dueMs: number | undefined;

  get deadlineMs(): number | undefined {
    return this.#dueMs;
  }

  add(to: NodeId, kind: AnnouncementKind, entries: readonly Entry[], nowMs: number): void {
    let waiting = this.#waiting.get(to);
    if (waiting === undefined) {
      waiting = { have: [], offer: [] };
      this.#waiting.set(to, waiting);
    }
    waiting[kind].push(...entries);
    const isMuch = waiting[kind].length >= ANNOUNCED_ENTRIES_MAX;
    this.#dueMs = Math.min(this.#dueMs ?? Infinity, isMuch ? nowMs : nowMs + ANNOUNCE_MS);
  }

  forget(peer: NodeId): void {
    this.#waiting.delete(peer);
  }

  /** All that waits, once its time has come. */
  take(nowMs: number): Announcement[] {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return [];
    this.#dueMs = undefined;
    const due: Announcement[] = [];
    for (const [to, waiting] of this.#waiting)
      for (const type of ['have', 'offer'] as const)
        for (const entries of framesOf(merged(waiting[type]))) due.push({ to, message: { type, entries } });
    this.#waiting.clear();
    return due;
  }
}

function merged(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length < 2) return entries;
  const book = new EntryBook();
  for (const entry of entries) book.add(entry);
  return book.entries;
}
