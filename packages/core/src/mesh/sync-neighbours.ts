import type { NodeId } from '@yakmesh/crypto';
import { FetchMachine, type FetchAction } from '../sync/fetch-machine.js';
import type {
  NeighbourAction,
  ProvenRecord,
  ReceivedChunk,
  ReceivedRecord,
} from '../sync/neighbour-actions.js';
import { NeighbourMachine } from '../sync/neighbour-machine.js';
import type { RangeIndex } from '../sync/range-index.js';
import type { RecordMeta } from '../sync/record.js';
import { RoundMachine, type RoundAction } from '../sync/round-machine.js';
import { runMachine, type Clock, type MachineRunner, type Random } from '../transport/index.js';

export interface SyncNeighboursOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly index: RangeIndex<RecordMeta>;
  /** False when the neighbour's queue is full. */
  readonly frame: (to: NodeId, body: Uint8Array) => boolean;
  readonly load: (names: readonly string[]) => Promise<readonly ProvenRecord[]>;
  readonly loadChunk: (root: Uint8Array, index: number) => Promise<Uint8Array | undefined>;
  readonly store: (records: readonly ReceivedRecord[], from: NodeId) => Promise<void>;
  readonly keepChunk: (root: string, index: number, bytes: Uint8Array) => Promise<void>;
  /** All chunks of a large value are here, or a fetch came to nothing. */
  readonly fetched: (root: string, isComplete: boolean) => void;
  readonly asked: (from: NodeId) => void;
  readonly round: (peer: NodeId, round: NeighbourAction & { readonly type: 'round' }) => void;
  /** Before a round, by either side. */
  readonly refresh: () => void;
  readonly report: (peer: NodeId, code: string, weight: number) => void;
  readonly failed: (error: unknown) => void;
}

type Runner = MachineRunner<NeighbourMachine, NeighbourAction>;

/** Runs the machines of data sync: one for each neighbour, one that says when, and one that fetches large values. */
export class SyncNeighbours {
  readonly #options: SyncNeighboursOptions;
  readonly #neighbours = new Map<NodeId, Runner>();
  readonly #fetching = new FetchMachine();
  readonly #rounds: MachineRunner<RoundMachine, RoundAction>;
  readonly #fetches: MachineRunner<FetchMachine, FetchAction>;

  constructor(options: SyncNeighboursOptions) {
    this.#options = options;
    const { clock, random, failed } = options;
    const perform = (action: RoundAction): void => this.#begin(action.peer);
    this.#rounds = runMachine(new RoundMachine(random), { clock, perform, failed });
    this.#fetches = runMachine(this.#fetching, {
      clock,
      perform: (action: FetchAction) => this.#performFetch(action),
      failed,
    });
  }

  joined(peer: NodeId, isDialled: boolean): void {
    if (this.#neighbours.has(peer)) return;
    const { clock, random, index, failed } = this.#options;
    const machine = new NeighbourMachine({ index, random, nowMs: clock.monotonicMs() });
    const perform = (action: NeighbourAction): void => this.#perform(peer, action);
    this.#neighbours.set(peer, runMachine(machine, { clock, perform, failed }));
    this.#rounds.feed((rounds, nowMs) => rounds.joined(peer, isDialled, nowMs));
    this.#fetches.feed((fetches, nowMs) => fetches.joined(peer, nowMs));
  }

  gone(peer: NodeId): void {
    this.#neighbours.get(peer)?.stop();
    if (!this.#neighbours.delete(peer)) return;
    this.#rounds.feed((rounds, nowMs) => rounds.gone(peer, nowMs));
    this.#fetches.feed((fetches, nowMs) => fetches.gone(peer, nowMs));
  }

  receive(from: NodeId, body: Uint8Array): void {
    this.#neighbours.get(from)?.feed((machine, nowMs) => machine.receive(body, nowMs));
  }

  /** Fetches a large value; false where too many are being fetched. */
  want(root: string, size: number, have: readonly number[], from: NodeId): boolean {
    this.#fetches.feed((fetches, nowMs) => fetches.want(root, size, have, from, nowMs));
    return this.#fetching.isFetching(root);
  }

  stop(): void {
    for (const runner of this.#neighbours.values()) runner.stop();
    this.#neighbours.clear();
    this.#rounds.stop();
    this.#fetches.stop();
  }

  #begin(peer: NodeId): void {
    this.#options.refresh();
    this.#neighbours.get(peer)?.feed((machine, nowMs) => machine.begin(nowMs));
  }

  #perform(peer: NodeId, action: NeighbourAction): void {
    const { frame, load, loadChunk, store, asked, refresh, round, report } = this.#options;
    switch (action.type) {
      case 'frame':
        // A gap is noticed at the other end, and the stream begins anew.
        if (!frame(peer, action.body)) report(peer, 'SYNC_QUEUE_FULL', 0);
        return;
      case 'load':
        return this.#after(peer, load(action.names), (machine, records, nowMs) =>
          machine.loaded(action.ticket, records, nowMs),
        );
      case 'load-chunk':
        return this.#after(peer, loadChunk(action.root, action.index), (machine, bytes, nowMs) =>
          machine.chunkLoaded(action.ticket, bytes, nowMs),
        );
      case 'store': {
        const stored = Promise.all([store(action.records, peer), this.#chunks(peer, action.chunks)]);
        return this.#after(peer, stored, (machine, _, nowMs) => machine.stored(action.ticket, nowMs));
      }
      case 'asked':
        refresh();
        return asked(peer);
      case 'round':
        this.#rounds.feed((rounds, nowMs) => rounds.finished(peer, action.isComplete, nowMs));
        return round(peer, action);
      case 'reject':
        return report(peer, action.code, action.weight);
      default:
        return action satisfies never;
    }
  }

  /** Feeds a neighbour's machine with what a promise brings; where it fails, the exchange begins anew. */
  #after<T>(
    peer: NodeId,
    promise: Promise<T>,
    input: (machine: NeighbourMachine, value: T, nowMs: number) => readonly NeighbourAction[],
  ): void {
    promise.then(
      (value) => this.#neighbours.get(peer)?.feed((machine, nowMs) => input(machine, value, nowMs)),
      (error: unknown) => {
        this.#options.failed(error);
        this.#neighbours.get(peer)?.feed((machine, nowMs) => machine.fail(nowMs));
      },
    );
  }

  async #chunks(from: NodeId, chunks: readonly ReceivedChunk[]): Promise<void> {
    for (const { root, index, bytes } of chunks)
      this.#fetches.feed((fetches, nowMs) => fetches.chunk(from, root, index, bytes, nowMs));
  }

  #performFetch(action: FetchAction): void {
    const { keepChunk, fetched, report, failed } = this.#options;
    switch (action.type) {
      case 'ask': {
        const { peer, root, first, count } = action;
        this.#neighbours.get(peer)?.feed((machine, nowMs) => machine.fetchChunks(root, first, count, nowMs));
        return;
      }
      case 'keep': {
        const { root, index, bytes } = action;
        keepChunk(root, index, bytes).then(
          () => this.#fetches.feed((fetches, nowMs) => fetches.kept(root, index, nowMs)),
          failed,
        );
        return;
      }
      case 'complete':
        return fetched(action.root, true);
      case 'give-up':
        return fetched(action.root, false);
      case 'reject':
        return report(action.peer, action.code, action.weight);
      default:
        return action satisfies never;
    }
  }
}
