import { expect, test } from '@jest/globals';
import { memoryStore, type Store } from '../src/transport/index.js';
import { GRAVES_MAX } from '../src/sync/limits.js';
import { Graveyard } from '../src/sync/graveyard.js';
import { RecordKeeper, type RecordKeeperOptions } from '../src/sync/record-keeper.js';
import { recordName } from '../src/sync/record-name.js';
import type { ReadRecord } from '../src/sync/record-proof.js';
import { StoredRecords } from '../src/sync/stored-records.js';
import { SeededRandom } from '../src/testing/index.js';
import { modelAuthor, modelRecord } from './support/model-records.js';

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const OWN = { from: undefined, isProven: true } as const;
const ALICE = modelAuthor('alice');

test('a tombstone is buried after its time, and what it deleted does not come back, also after a restart', async () => {
  const store = memoryStore();
  let nowMs = NOW_MS;
  const keeper = await keeperOf(store, { nowMs: () => nowMs });
  await keeper.take([record('k', 1, NOW_MS - 1)], OWN);
  await keeper.take([record('k', undefined, NOW_MS)], OWN);
  expect(await keeper.bury()).toBe(0);
  nowMs += 30 * DAY_MS + 1;
  expect(await keeper.bury()).toBe(1);
  expect(keeper.ledger.index.size).toBe(0);
  expect(keeper.ledger.bytes).toBe(0);
  for (const again of [keeper, await keeperOf(store, { nowMs: () => nowMs })]) {
    expect(await again.take([record('k', 1, NOW_MS - 1)], OWN)).toEqual(['SYNC_BURIED']);
  }
  expect(await keeper.take([record('k', 2, nowMs)], OWN)).toEqual(['take']);
});

test('beyond the graves that are kept everything as old as the oldest one is refused', () => {
  const graveyard = new Graveyard(2);
  graveyard.bury('a', { timeMs: 10, counter: 0 });
  graveyard.bury('b', { timeMs: 20, counter: 0 });
  expect(graveyard.floorMs).toBe(0);
  graveyard.bury('c', { timeMs: 30, counter: 0 });
  expect(graveyard.floorMs).toBe(11);
  expect(graveyard.takeForgotten()).toEqual(['a']);
  expect(GRAVES_MAX).toBeGreaterThan(2);
});

test('a batch is stored once for all of its records, and goes with the last one', async () => {
  const store = memoryStore();
  const keeper = await keeperOf(store);
  await keeper.take([record('a', 1, NOW_MS, 1), record('b', 1, NOW_MS, 1)], OWN);
  expect(await keysOf(store, 'h/')).toHaveLength(1);
  await keeper.take([record('a', 2, NOW_MS + 1, 2)], OWN);
  expect(await keysOf(store, 'h/')).toHaveLength(2);
  await keeper.take([record('b', 2, NOW_MS + 1, 2)], OWN);
  expect(await keysOf(store, 'h/')).toHaveLength(1);
  expect(await keysOf(store, 'k/')).toHaveLength(1);
});

test('a batch that a crash left without a record is swept away at the next start', async () => {
  const store = memoryStore();
  const broken: Store = { ...store, batch: failing(store, ({ type }) => type === 'delete') };
  const keeper = await keeperOf(broken);
  await keeper.take([record('a', 1, NOW_MS, 1)], OWN);
  await expect(keeper.take([record('a', 2, NOW_MS + 1, 2)], OWN)).rejects.toThrow('crash');
  expect(await keysOf(store, 'h/')).toHaveLength(2);
  const again = await keeperOf(store);
  expect(await keysOf(store, 'h/')).toHaveLength(1);
  expect(again.ledger.index.get(recordName('c', 'a') ?? '')?.version.timeMs).toBe(NOW_MS + 1);
});

test('where the store fails nothing counts as here, and the next write works', async () => {
  const store = memoryStore();
  let isBroken = true;
  const keeper = await keeperOf({ ...store, batch: failing(store, () => isBroken) });
  await expect(keeper.take([record('a', 1, NOW_MS)], OWN)).rejects.toThrow('crash');
  expect(keeper.ledger.index.size).toBe(0);
  isBroken = false;
  expect(await keeper.take([record('a', 1, NOW_MS)], OWN)).toEqual(['take']);
});

test('what is known or refused costs no verification, and a bad proof changes nothing', async () => {
  let verified = 0;
  const keeper = await keeperOf(memoryStore(), {
    verify: async ({ fields }) => {
      verified += 1;
      return fields.name !== recordName('c', 'bad');
    },
  });
  const from = { from: ALICE.id, isProven: false };
  const good = record('good', 1, NOW_MS);
  const late = record('late', 1, NOW_MS + 120_001);
  const outcomes = await keeper.take([good, record('bad', 1, NOW_MS), late], from);
  expect(outcomes).toEqual(['take', 'SYNC_BAD_PROOF', 'SYNC_FROM_FUTURE']);
  expect(await keeper.take([good, good], from)).toEqual(['stale', 'stale']);
  expect([verified, keeper.ledger.index.size]).toEqual([2, 1]);
});

test('a rule that throws refuses', async () => {
  const keeper = await keeperOf(memoryStore(), {
    accept: () => () => {
      throw new Error('a mistake');
    },
  });
  expect(await keeper.take([record('a', 1, NOW_MS)], OWN)).toEqual(['SYNC_REFUSED']);
});

test('at the limits of records and of bytes a further record is refused, and replacing one is not', async () => {
  const few = await keeperOf(memoryStore(), { recordsMax: 2 });
  const three = [record('a', 1, NOW_MS), record('b', 1, NOW_MS), record('c', 1, NOW_MS)];
  expect(await few.take(three, OWN)).toEqual(['take', 'take', 'SYNC_FULL']);
  expect(await few.take([record('a', 2, NOW_MS + 1)], OWN)).toEqual(['take']);
  const small = await keeperOf(memoryStore(), { bytesMax: 10_000 });
  const large = record('b', 'x'.repeat(5_000), NOW_MS);
  expect(await small.take([record('a', 1, NOW_MS), large], OWN)).toEqual(['take', 'SYNC_FULL']);
  expect(small.ledger.bytes).toBeLessThan(10_000);
});

function record(key: string, value: string | number | undefined, timeMs: number, batch = timeMs): ReadRecord {
  const version = { timeMs, counter: 0 };
  const content =
    value === undefined ? ({ type: 'tombstone' } as const) : ({ type: 'value', value } as const);
  return modelRecord(ALICE, { name: recordName('c', key) ?? '', version, claim: CLAIM, content }, batch);
}

const CLAIM = { timeMs: NOW_MS - 10, counter: 0 };

async function keeperOf(store: Store, options: Partial<RecordKeeperOptions> = {}): Promise<RecordKeeper> {
  const keeper = new RecordKeeper({
    store: new StoredRecords(store),
    random: new SeededRandom('keeper'),
    nowMs: () => NOW_MS,
    recordsMax: 100,
    bytesMax: 1_000_000,
    tombstoneMs: 30 * DAY_MS,
    rule: () => 'first-writer',
    accept: () => undefined,
    verify: async () => true,
    hasChunks: () => false,
    changed: () => undefined,
    ...options,
  });
  await keeper.start();
  return keeper;
}

function failing(store: Store, fails: (operation: { readonly type: string }) => boolean): Store['batch'] {
  return async (operations, options) => {
    if (operations.some(fails)) throw new Error('crash');
    await store.batch(operations, options);
  };
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.range()) if (key.startsWith(prefix)) keys.push(key);
  return keys;
}
