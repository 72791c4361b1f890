import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  memoryStore,
  namespaced,
  type Store,
  type StoreEntry,
  type StoreRange,
} from '../src/transport/index.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function list(store: Store, range?: StoreRange): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  for await (const entry of store.range(range)) entries.push(entry);
  return entries;
}

async function keys(store: Store, range?: StoreRange): Promise<string[]> {
  return (await list(store, range)).map(([key]) => key);
}

const key = fc.stringMatching(/^[ -~]{1,6}$/);

test('ranges of a store are those of a sorted list, forwards and backwards', async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(key, { maxLength: 30 }),
    fc.record({ gte: key, lt: key, limit: fc.nat(10), reverse: fc.boolean() }, { requiredKeys: [] }),
    async (all, range) => {
      const outer = memoryStore();
      await outer.put('a', bytes(1));
      await outer.put('names', bytes(2));
      for (const store of [memoryStore(), namespaced(outer, 'name')]) {
        for (const each of all) await store.put(each, bytes());
        const wanted = all
          .filter(
            (each) =>
              (range.gte === undefined || each >= range.gte) && (range.lt === undefined || each < range.lt),
          )
          .sort();
        if (range.reverse === true) wanted.reverse();
        expect(await keys(store, range)).toEqual(wanted.slice(0, range.limit ?? Infinity));
      }
    },
  );
  await fc.assert(property);
});

test('values are copied on the way in and out', async () => {
  const store = memoryStore();
  const value = bytes(1);
  await store.put('key', value);
  value[0] = 2;
  const first = await store.get('key');
  expect(first).toEqual(bytes(1));
  first?.fill(3);
  for (const [, listed] of await list(store)) listed.fill(4);
  expect(await store.get('key')).toEqual(bytes(1));
});

test('a batch that does not fit changes nothing', async () => {
  const store = memoryStore({ entriesMax: 2, bytesMax: 10 });
  await store.put('a', bytes(1));
  const tooMany = store.batch([
    { type: 'delete', key: 'a' },
    { type: 'put', key: 'b', value: bytes() },
    { type: 'put', key: 'c', value: bytes() },
    { type: 'put', key: 'd', value: bytes() },
  ]);
  await expect(tooMany).rejects.toMatchObject({ code: 'STORE_FULL' });
  await expect(store.put('b', new Uint8Array(8))).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await keys(store)).toEqual(['a']);
});

test('deleting makes room, also within one batch, and bytes are counted right', async () => {
  const store = memoryStore({ entriesMax: 1, bytesMax: 4 });
  await store.put('a', bytes(1, 2, 3));
  await store.put('a', bytes(3, 2, 1));
  await store.batch([
    { type: 'put', key: 'b', value: bytes(1, 2, 3) },
    { type: 'delete', key: 'a' },
  ]);
  await store.delete('gone');
  expect(await list(store)).toEqual([['b', bytes(1, 2, 3)]]);
});

test('a walk sees the entries as they were when it began', async () => {
  const store = memoryStore();
  await store.put('a', bytes(1));
  await store.put('b', bytes(2));
  const seen: StoreEntry[] = [];
  for await (const entry of store.range()) {
    seen.push(entry);
    await store.delete('b');
    await store.put('c', bytes(3));
  }
  expect(seen).toEqual([
    ['a', bytes(1)],
    ['b', bytes(2)],
  ]);
});

test.each(['', 'ü', 'a\n', 'x'.repeat(513)])('%j is no key', async (bad) => {
  await expect(memoryStore().put(bad, bytes())).rejects.toThrow(TypeError);
  await expect(memoryStore().get(bad)).rejects.toThrow(TypeError);
});

test('namespaces do not see each other, also when one name begins with the other', async () => {
  const store = memoryStore();
  const [echo, echo2] = [namespaced(store, 'echo/1'), namespaced(store, 'echo/10')];
  await echo.batch([{ type: 'put', key: 'k', value: bytes(1) }], { sync: true });
  await echo2.put('k', bytes(2));
  expect(await list(echo)).toEqual([['k', bytes(1)]]);
  expect(await echo2.get('k')).toEqual(bytes(2));
  await echo.delete('k');
  expect(await list(store)).toEqual([['echo/10!k', bytes(2)]]);
});

test.each(['', 'a!b', 'é', 'x'.repeat(65)])('%j is no name of a namespace', (name) => {
  expect(() => namespaced(memoryStore(), name)).toThrow(TypeError);
});
