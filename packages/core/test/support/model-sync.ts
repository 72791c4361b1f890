import type { NodeId } from '@yakmesh/crypto';
import { bytesToHex } from '@yakmesh/crypto';
import { SeededRandom } from '../../src/testing/index.js';
import { memoryStore, type Payload } from '../../src/transport/index.js';
import type { NeighbourAction } from '../../src/sync/neighbour-actions.js';
import { NeighbourMachine } from '../../src/sync/neighbour-machine.js';
import { RecordKeeper, type Outcome } from '../../src/sync/record-keeper.js';
import type { CollectionRule } from '../../src/sync/record-judge.js';
import { recordName } from '../../src/sync/record-name.js';
import { readReceived, type ReadRecord } from '../../src/sync/record-proof.js';
import { StoredRecords } from '../../src/sync/stored-records.js';
import { modelAuthor, modelRecord, MODEL_NETWORK, type ModelAuthor } from './model-records.js';

/** A node as far as records go: the real keeper, index, store and machines, with model signatures. */
export class ModelNode {
  readonly author: ModelAuthor;
  readonly keeper: RecordKeeper;
  readonly store: StoredRecords;
  readonly machines = new Map<string, NeighbourMachine>();
  readonly outcomes: Outcome[] = [];
  readonly rejected: string[] = [];
  readonly rounds: (NeighbourAction & { type: 'round' })[] = [];
  /** So many writes of what neighbours sent are still to fail. */
  failures = 0;
  readonly #random: SeededRandom;
  #batch = 0;

  constructor(
    readonly name: string,
    random: SeededRandom,
    readonly nowMs: () => number,
    rule: CollectionRule = 'first-writer',
    recordsMax = 1_000_000,
  ) {
    this.#random = random;
    this.author = modelAuthor(name);
    this.store = new StoredRecords(memoryStore({ entriesMax: 10_000_000, bytesMax: 10_000_000_000 }));
    this.keeper = new RecordKeeper({
      store: this.store,
      random,
      nowMs,
      recordsMax,
      bytesMax: 10_000_000_000,
      tombstoneMs: 30 * 86_400_000,
      rule: () => rule,
      accept: () => undefined,
      verify: async () => true,
      hasChunks: () => true,
      changed: () => undefined,
    });
  }

  get fingerprint(): string {
    return bytesToHex(this.keeper.ledger.index.summary('', undefined).fingerprint);
  }

  async write(collection: string, key: string, value: Payload | undefined): Promise<Outcome | undefined> {
    const name = recordName(collection, key) ?? '';
    const content =
      value === undefined ? ({ type: 'tombstone' } as const) : ({ type: 'value', value } as const);
    const fields = this.keeper.fields(name, this.author.id, content);
    this.#batch += 1;
    const [outcome] = await this.keeper.take([modelRecord(this.author, fields, this.#batch)], {
      from: undefined,
      isProven: true,
    });
    return outcome;
  }

  async record(collection: string, key: string): Promise<ReadRecord> {
    const record = await this.store.get(recordName(collection, key) ?? '');
    const read = record && readReceived(record, [MODEL_NETWORK]);
    if (read === undefined || typeof read === 'string') throw new Error(`${key} is not here`);
    return read;
  }

  machine(peer: string): NeighbourMachine {
    const known = this.machines.get(peer);
    if (known !== undefined) return known;
    const machine = new NeighbourMachine({
      index: this.keeper.ledger.index,
      random: this.#random,
      nowMs: this.nowMs(),
    });
    this.machines.set(peer, machine);
    return machine;
  }

  /** Carries actions out; what goes to the peer is handed to `send`. */
  async perform(
    peer: string,
    actions: readonly NeighbourAction[],
    send: (body: Uint8Array) => void,
  ): Promise<void> {
    const machine = this.machine(peer);
    // What an action leads to comes after the actions before it, as with `runMachine`.
    const queue = [...actions];
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      switch (action.type) {
        case 'frame':
          send(action.body);
          break;
        case 'load': {
          const records = await Promise.all(action.names.map((name) => this.store.get(name)));
          const found = records.filter((record) => record !== undefined);
          queue.push(...machine.loaded(action.ticket, found, this.nowMs()));
          break;
        }
        case 'load-chunk':
          queue.push(...machine.chunkLoaded(action.ticket, undefined, this.nowMs()));
          break;
        case 'store': {
          if (this.failures > 0) {
            this.failures -= 1;
            queue.push(...machine.fail(this.nowMs()));
            break;
          }
          const read = action.records.map((record) => readReceived(record, [MODEL_NETWORK]));
          const good = read.filter((each) => typeof each !== 'string');
          const outcomes = await this.keeper.take(good, { from: peer as NodeId, isProven: false });
          this.outcomes.push(...outcomes);
          queue.push(...machine.stored(action.ticket, this.nowMs()));
          break;
        }
        case 'reject':
          this.rejected.push(action.code);
          break;
        case 'round':
          this.rounds.push(action);
          break;
        case 'asked':
          break;
      }
    }
  }
}

export interface Exchange {
  /** One-way trips until nothing was under way any more; the last one carries acknowledgements only. */
  readonly trips: number;
  readonly bytes: number;
  readonly frames: number;
}

/** Lets two nodes reconcile: all that one says at a time reaches the other together. `lose` may drop frames. */
export async function reconcile(
  a: ModelNode,
  b: ModelNode,
  lose: () => boolean = () => false,
): Promise<Exchange> {
  let toA: Uint8Array[] = [];
  let toB: Uint8Array[] = [];
  const exchange = { trips: 0, bytes: 0, frames: 0 };
  const sent = (queue: () => Uint8Array[]) => (body: Uint8Array) => {
    exchange.bytes += body.length;
    exchange.frames += 1;
    if (!lose()) queue().push(body);
  };
  await a.perform(
    b.name,
    a.machine(b.name).begin(a.nowMs()),
    sent(() => toB),
  );
  while (toA.length + toB.length > 0) {
    exchange.trips += 1;
    const [forA, forB] = [toA, toB];
    [toA, toB] = [[], []];
    for (const body of forB)
      await b.perform(
        a.name,
        b.machine(a.name).receive(body, b.nowMs()),
        sent(() => toA),
      );
    for (const body of forA)
      await a.perform(
        b.name,
        a.machine(b.name).receive(body, a.nowMs()),
        sent(() => toB),
      );
  }
  return exchange;
}

export function modelNode(
  name: string,
  options: { seed?: string; nowMs?: () => number; rule?: CollectionRule } = {},
) {
  const { seed = 'model', nowMs = () => 1_700_000_000_000, rule } = options;
  return new ModelNode(name, new SeededRandom(`${seed}/${name}`), nowMs, rule);
}
