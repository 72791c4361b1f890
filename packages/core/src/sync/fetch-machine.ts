import { bytesToHex, hexToBytes, type NodeId } from '@yakmesh/crypto';
import type { Machine } from '../transport/index.js';
import { isChunk, isManifest } from './large-values.js';
import { FETCH_LIFE_MS, FETCH_STALL_MS, FETCH_WINDOW_CHUNKS, FETCHES_MAX } from './limits.js';
import { chunksOf } from './record.js';
import { MANIFEST } from './stream-messages.js';

export type FetchAction =
  | {
      readonly type: 'ask';
      readonly peer: NodeId;
      readonly root: Uint8Array;
      readonly first: number;
      readonly count: number;
    }
  /** Keep it durably, then call `kept`. */
  | { readonly type: 'keep'; readonly root: string; readonly index: number; readonly bytes: Uint8Array }
  | { readonly type: 'complete'; readonly root: string }
  | { readonly type: 'give-up'; readonly root: string }
  | { readonly type: 'reject'; readonly peer: NodeId; readonly code: string; readonly weight: number };

interface Fetch {
  readonly root: string;
  readonly size: number;
  /** Chunks that are durable here; the list of hashes is MANIFEST. */
  readonly have: Set<number>;
  readonly asked: Set<number>;
  /** Neighbours that had nothing of it. */
  readonly without: Set<NodeId>;
  manifest: Uint8Array | undefined;
  peer: NodeId | undefined;
  /** When the present neighbour last sent something, and when anybody did. */
  movedMs: number;
  progressMs: number;
}

/** Fetches the chunks of large values from neighbours, one neighbour a value at a time. What came stays, so an interrupted fetch goes on. */
export class FetchMachine implements Machine<FetchAction> {
  readonly #fetches = new Map<string, Fetch>();
  readonly #peers = new Set<NodeId>();
  #actions: FetchAction[] = [];

  get deadlineMs(): number | undefined {
    let deadlineMs = Infinity;
    for (const { peer, movedMs, progressMs } of this.#fetches.values()) {
      const stallMs = peer === undefined ? Infinity : movedMs + FETCH_STALL_MS;
      deadlineMs = Math.min(deadlineMs, stallMs, progressMs + FETCH_LIFE_MS);
    }
    return deadlineMs === Infinity ? undefined : deadlineMs;
  }

  isFetching(root: string): boolean {
    return this.#fetches.has(root);
  }

  /** Begins a fetch; false where too many are under way. `have` are chunks that are here from an earlier one. */
  want(
    root: string,
    size: number,
    have: readonly number[],
    from: NodeId,
    nowMs: number,
  ): readonly FetchAction[] {
    const known = this.#fetches.get(root);
    if (known !== undefined) {
      known.without.delete(from);
      this.#ask(known, nowMs);
      return this.#take();
    }
    if (this.#fetches.size >= FETCHES_MAX) return [];
    const fetch: Fetch = {
      root,
      size,
      have: new Set(have.filter((index) => index < chunksOf(size))),
      asked: new Set(),
      without: new Set(),
      manifest: undefined,
      peer: this.#peers.has(from) ? from : undefined,
      movedMs: nowMs,
      progressMs: nowMs,
    };
    this.#fetches.set(root, fetch);
    this.#ask(fetch, nowMs);
    return this.#take();
  }

  joined(peer: NodeId, nowMs: number): readonly FetchAction[] {
    this.#peers.add(peer);
    for (const fetch of this.#fetches.values()) this.#ask(fetch, nowMs);
    return this.#take();
  }

  gone(peer: NodeId, nowMs: number): readonly FetchAction[] {
    this.#peers.delete(peer);
    for (const fetch of this.#fetches.values()) {
      fetch.without.delete(peer);
      if (fetch.peer === peer) this.#leave(fetch, nowMs);
    }
    return this.#take();
  }

  chunk(
    peer: NodeId,
    rootBytes: Uint8Array,
    index: number,
    bytes: Uint8Array,
    nowMs: number,
  ): readonly FetchAction[] {
    const root = bytesToHex(rootBytes);
    const fetch = this.#fetches.get(root);
    if (fetch?.peer !== peer || !fetch.asked.has(index)) return [];
    if (bytes.length === 0) {
      fetch.without.add(peer);
      this.#leave(fetch, nowMs);
    } else if (!isGood(fetch, index, bytes)) {
      this.#actions.push({ type: 'reject', peer, code: 'SYNC_BAD_CHUNK', weight: 20 });
      fetch.without.add(peer);
      this.#leave(fetch, nowMs);
    } else {
      if (index === MANIFEST) fetch.manifest = bytes;
      fetch.movedMs = nowMs;
      fetch.progressMs = nowMs;
      this.#actions.push({ type: 'keep', root, index, bytes });
    }
    return this.#take();
  }

  /** A chunk is durable. */
  kept(root: string, index: number, nowMs: number): readonly FetchAction[] {
    const fetch = this.#fetches.get(root);
    if (fetch === undefined) return [];
    fetch.asked.delete(index);
    fetch.have.add(index);
    if (fetch.have.size === chunksOf(fetch.size) + 1) {
      this.#fetches.delete(root);
      this.#actions.push({ type: 'complete', root });
    } else this.#ask(fetch, nowMs);
    return this.#take();
  }

  tick(nowMs: number): readonly FetchAction[] {
    for (const fetch of [...this.#fetches.values()]) {
      if (nowMs >= fetch.progressMs + FETCH_LIFE_MS) {
        this.#fetches.delete(fetch.root);
        this.#actions.push({ type: 'give-up', root: fetch.root });
      } else if (fetch.peer !== undefined && nowMs >= fetch.movedMs + FETCH_STALL_MS) {
        fetch.without.add(fetch.peer);
        this.#leave(fetch, nowMs);
      }
    }
    return this.#take();
  }

  #take(): readonly FetchAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #leave(fetch: Fetch, nowMs: number): void {
    fetch.peer = undefined;
    fetch.asked.clear();
    this.#ask(fetch, nowMs);
  }

  /** The list of hashes first, then chunks, a window of them at a time, in runs. */
  #ask(fetch: Fetch, nowMs: number): void {
    if (fetch.peer === undefined) {
      fetch.peer = [...this.#peers].find((peer) => !fetch.without.has(peer));
      fetch.movedMs = nowMs;
    }
    const { peer, asked, have } = fetch;
    if (peer === undefined) return;
    const ask = (first: number, count: number): void => {
      for (let index = first; index < first + count; index += 1) asked.add(index);
      this.#actions.push({ type: 'ask', peer, root: hexToBytes(fetch.root), first, count });
    };
    if (fetch.manifest === undefined) {
      if (!asked.has(MANIFEST)) ask(MANIFEST, 1);
      return;
    }
    if (2 * asked.size > FETCH_WINDOW_CHUNKS) return;
    const chunks = chunksOf(fetch.size);
    let room = FETCH_WINDOW_CHUNKS - asked.size;
    for (let first = 0; first < chunks && room > 0; first += 1) {
      let count = 0;
      const isMissing = (index: number): boolean => index < chunks && !have.has(index) && !asked.has(index);
      while (count < room && isMissing(first + count)) count += 1;
      if (count === 0) continue;
      ask(first, count);
      room -= count;
      first += count;
    }
  }
}

function isGood({ root, size, manifest }: Fetch, index: number, bytes: Uint8Array): boolean {
  if (index === MANIFEST) return isManifest(bytes, root, size);
  return manifest !== undefined && isChunk(bytes, manifest, index);
}
