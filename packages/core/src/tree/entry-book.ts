import { bytesKey } from '@yakmesh/crypto';
import type { Entry } from './messages.js';
import { SpanSet, type Spans } from './spans.js';

/** Names the sequence space of an entry in maps. */
export function entryKey({ origin, epoch }: Pick<Entry, 'origin' | 'epoch'>): string {
  return `${bytesKey(origin)}${epoch}`;
}

interface Page {
  readonly origin: Uint8Array;
  readonly epoch: number;
  readonly set: SpanSet;
}

/** Entries put together by origin and epoch. */
export class EntryBook {
  readonly #pages = new Map<string, Page>();

  get size(): number {
    return this.#pages.size;
  }

  get entries(): Entry[] {
    return [...this.#pages.values()].map(({ origin, epoch, set }) => ({ origin, epoch, spans: set.spans }));
  }

  /** Runs in all of it. */
  get runs(): number {
    let runs = 0;
    for (const { set } of this.#pages.values()) runs += set.spans.length;
    return runs;
  }

  add({ origin, epoch, spans }: Entry): void {
    const key = entryKey({ origin, epoch });
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = { origin, epoch, set: new SpanSet() };
      this.#pages.set(key, page);
    }
    for (const { first, last } of spans) page.set.add(first, last);
  }

  /** Keeps of an entry's space exactly these. */
  replace({ origin, epoch }: Entry, spans: Spans): void {
    const key = entryKey({ origin, epoch });
    this.#pages.delete(key);
    if (spans.length > 0) this.#pages.set(key, { origin, epoch, set: new SpanSet(spans) });
  }

  clear(): void {
    this.#pages.clear();
  }
}
