import { codeOf, namespaced, type Store, type StoreEntry, type StoreRange } from '../../transport/index.js';
import { SeededRandom } from '../seeded-random.js';
import type { ComplianceRunner } from './compliance-world.js';

/** Each test makes a store of its own, which may mean a folder on a slow disk. */
const TIMEOUT_MS = 20_000;
/** Entries and walks of the test that compares ranges with a sorted list. */
const RANGE_ENTRIES = 200;
const RANGE_WALKS = 200;

/** A store that is examined. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Ends it; afterwards everything rejects with STORE_CLOSED. Absent where a store has no end. */
  close?(): Promise<void>;
  /** Called once at the end of the test, closed or not. */
  dispose?(): Promise<void>;
}

/** An implementation of {@link Store}, to be examined. */
export interface StoreSubject {
  /** Begins the title of each test. */
  readonly name: string;
  /** An empty store, new for each test. */
  create(): Promise<StoreUnderTest>;
}

type Expect = ComplianceRunner['expect'];
type Examine = (name: string, run: (subject: StoreUnderTest, expect: Expect) => Promise<void>) => void;

/** Registers the tests that every implementation of Store has to pass. */
export function storeCompliance({ test, expect }: ComplianceRunner, subject: StoreSubject): void {
  const examine: Examine = (name, run) => {
    test(
      `${subject.name}: ${name}`,
      async () => {
        const made = await subject.create();
        try {
          await run(made, expect);
        } finally {
          await made.dispose?.();
        }
      },
      TIMEOUT_MS,
    );
  };
  examineEntries(examine);
  examineBatches(examine);
  examineWalks(examine);
  examineEnds(examine);
}

function examineEntries(examine: Examine): void {
  examine('what was put is got until it is deleted, an empty value too', async ({ store }, expect) => {
    await store.put('full', bytes(1, 2));
    await store.put('empty', bytes());
    expect(await store.get('full')).toEqual(bytes(1, 2));
    expect(await store.get('empty')).toEqual(bytes());
    await store.delete('full');
    await store.delete('full');
    expect(await store.get('full')).toBe(undefined);
    expect(await store.get('never')).toBe(undefined);
  });

  examine('values are copied on the way in and out', async ({ store }, expect) => {
    const [put, batched] = [bytes(1), bytes(2)];
    const putting = store.put('put', put);
    put[0] = 9;
    await putting;
    const batching = store.batch([{ type: 'put', key: 'batched', value: batched }]);
    batched[0] = 9;
    await batching;
    const first = await store.get('put');
    expect(first).toEqual(bytes(1));
    first?.fill(3);
    for (const [, value] of await list(store)) value.fill(4);
    expect(await list(store)).toEqual([
      ['batched', bytes(2)],
      ['put', bytes(1)],
    ]);
  });

  examine('a value is plain bytes that share no memory with another', async ({ store }, expect) => {
    await store.put('key', bytes(1, 2, 3));
    const value = await store.get('key');
    expect(Object.getPrototypeOf(value) === Uint8Array.prototype).toBe(true);
    expect([value?.byteOffset, value?.buffer.byteLength]).toEqual([0, 3]);
  });

  examine('a key is 1 to 512 characters of printable ASCII', async ({ store }, expect) => {
    await store.put('~'.repeat(512), bytes(1));
    for (const key of ['', 'ü', 'a\n', 'a\u007f', 'x'.repeat(513)]) {
      expect(await failure(store.get(key))).toBe('TypeError');
      expect(await failure(store.put(key, bytes()))).toBe('TypeError');
      expect(await failure(store.delete(key))).toBe('TypeError');
      expect(await failure(store.batch([{ type: 'delete', key }]))).toBe('TypeError');
    }
  });
}

function examineBatches(examine: Examine): void {
  examine('a batch is done in order, with sync as without', async ({ store }, expect) => {
    for (const options of [undefined, { sync: true }]) {
      await store.batch(
        [
          { type: 'put', key: 'kept', value: bytes(1) },
          { type: 'put', key: 'gone', value: bytes(1) },
          { type: 'put', key: 'kept', value: bytes(2) },
          { type: 'delete', key: 'gone' },
        ],
        options,
      );
      expect(await list(store)).toEqual([['kept', bytes(2)]]);
      await store.batch([{ type: 'delete', key: 'kept' }], options);
    }
    await store.batch([]);
    expect(await list(store)).toEqual([]);
  });

  examine('a batch with a key that is none changes nothing', async ({ store }, expect) => {
    const batch = store.batch([
      { type: 'put', key: 'good', value: bytes(1) },
      { type: 'put', key: 'bad\n', value: bytes(1) },
    ]);
    expect(await failure(batch)).toBe('TypeError');
    expect(await list(store)).toEqual([]);
  });
}

function examineWalks(examine: Examine): void {
  examine('ranges are those of a sorted list, forwards and backwards', async ({ store }, expect) => {
    const random = new SeededRandom('store ranges');
    const keys = new Set<string>();
    while (keys.size < RANGE_ENTRIES) keys.add(keyOf(random));
    for (const key of keys) await store.put(key, bytes(key.length));
    for (let walk = 0; walk < RANGE_WALKS; walk += 1) {
      const range: StoreRange = {
        gte: random.below(2) === 0 ? undefined : keyOf(random),
        lt: random.below(2) === 0 ? undefined : keyOf(random),
        limit: random.below(3) === 0 ? undefined : random.below(RANGE_ENTRIES),
        reverse: random.below(2) === 0,
      };
      expect((await list(store, range)).map(([key]) => key)).toEqual(expected([...keys], range));
    }
  });

  examine('the bounds of a range may be empty, and its limit 0 or Infinity', async ({ store }, expect) => {
    await store.put('a', bytes(1));
    expect(await list(store, { gte: '' })).toEqual([['a', bytes(1)]]);
    expect(await list(store, { lt: '' })).toEqual([]);
    expect(await list(store, { limit: 0 })).toEqual([]);
    expect(await list(store, { limit: Infinity })).toEqual([['a', bytes(1)]]);
  });

  examine('a walk sees the entries as they were when it began', async ({ store }, expect) => {
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

  examine('a walk may be broken off, and another begun', async ({ store }, expect) => {
    for (const key of ['a', 'b', 'c']) await store.put(key, bytes());
    for await (const [key] of store.range()) if (key === 'a') break;
    expect((await list(store)).map(([key]) => key)).toEqual(['a', 'b', 'c']);
  });

  examine('a namespace holds its own keys alone', async ({ store }, expect) => {
    const [one, other] = [namespaced(store, 'echo/1'), namespaced(store, 'echo/10')];
    await one.batch([{ type: 'put', key: 'k', value: bytes(1) }], { sync: true });
    await other.put('k', bytes(2));
    expect(await list(one)).toEqual([['k', bytes(1)]]);
    expect(await list(other, { reverse: true })).toEqual([['k', bytes(2)]]);
  });
}

function examineEnds(examine: Examine): void {
  examine('a closed store rejects everything with STORE_CLOSED', async ({ store, close }, expect) => {
    if (close === undefined) return;
    await store.put('a', bytes(1));
    await close();
    const calls = [
      store.get('a'),
      store.put('a', bytes()),
      store.delete('a'),
      store.batch([{ type: 'delete', key: 'a' }], { sync: true }),
      store.batch([]),
      list(store),
      list(store, { lt: '' }),
    ];
    for (const call of calls) expect(await failure(call)).toBe('STORE_CLOSED');
  });

  examine('a walk that is under way when the store closes rejects too', async ({ store, close }, expect) => {
    if (close === undefined) return;
    for (let index = 0; index < RANGE_ENTRIES; index += 1)
      await store.put(`key ${index}`, new Uint8Array(1_000));
    const walk = async (): Promise<void> => {
      let seen = 0;
      for await (const _entry of store.range()) if (++seen === 1) await close();
    };
    expect(await failure(walk())).toBe('STORE_CLOSED');
  });
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

async function list(store: Store, range?: StoreRange): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  for await (const entry of store.range(range)) entries.push(entry);
  return entries;
}

/** One to three characters from the whole range, so that prefixes and neighbours are common. */
function keyOf(random: SeededRandom): string {
  const length = 1 + random.below(3);
  const alphabet = ' !"#09AZaz|}~';
  return Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('');
}

function expected(keys: readonly string[], { gte, lt, limit = Infinity, reverse }: StoreRange): string[] {
  const wanted = keys
    .filter((key) => (gte === undefined || key >= gte) && (lt === undefined || key < lt))
    .sort();
  if (reverse === true) wanted.reverse();
  return wanted.slice(0, limit);
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof TypeError ? 'TypeError' : (codeOf(error) ?? String(error))),
  );
}
