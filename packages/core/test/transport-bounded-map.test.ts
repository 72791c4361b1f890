import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BoundedMap } from '../src/transport/index.js';

const KEYS = 12;

type Step = { readonly type: 'set' | 'get' | 'delete'; readonly key: number } | { readonly type: 'clear' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      type: fc.constantFrom('set' as const, 'get' as const, 'delete' as const),
      key: fc.nat(KEYS),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
);

/** The plainest thing that behaves the same: a list, oldest first. */
class ModelMap {
  entries: [number, number][] = [];
  evicted: [number, number][] = [];

  constructor(
    readonly limit: number,
    readonly touchOnGet: boolean,
  ) {}

  set(key: number, value: number): void {
    this.delete(key);
    while (this.entries.length >= this.limit) this.evicted.push(...this.entries.splice(0, 1));
    this.entries.push([key, value]);
  }

  get(key: number): number | undefined {
    const found = this.entries.find(([other]) => other === key);
    if (found !== undefined && this.touchOnGet) this.set(...found);
    return found?.[1];
  }

  delete(key: number): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter(([other]) => other !== key);
    return this.entries.length < before;
  }
}

test('a BoundedMap behaves as a list that drops its oldest entry', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.boolean(),
    fc.array(step, { maxLength: 200 }),
    (limit, touchOnGet, steps) => {
      const evicted: [number, number][] = [];
      const map = new BoundedMap<number, number>(limit, {
        touchOnGet,
        onEvict: (key, value) => evicted.push([key, value]),
      });
      const model = new ModelMap(limit, touchOnGet);
      steps.forEach((current, index) => {
        if (current.type === 'clear') {
          map.clear();
          model.entries = [];
        } else if (current.type === 'set') {
          map.set(current.key, index);
          model.set(current.key, index);
        } else {
          expect(map[current.type](current.key)).toBe(model[current.type](current.key));
        }
        expect(map.entries()).toEqual(model.entries);
        expect(map.size).toBe(model.entries.length);
        expect(map.oldest()).toEqual(model.entries[0]);
      });
      expect(evicted).toEqual(model.evicted);
    },
  );
  fc.assert(property);
});

test('the map may change while it is walked', () => {
  const map = new BoundedMap<string, number>(3);
  map.set('a', 1).set('b', 2);
  const seen: string[] = [];
  for (const [key] of map) {
    seen.push(key);
    map.delete('b');
    map.set(`${key}!`, 0);
  }
  expect(seen).toEqual(['a', 'b']);
});

test('peek does not count as use', () => {
  const map = new BoundedMap<string, number>(2, { touchOnGet: true });
  map.set('a', 1).set('b', 2);
  expect(map.peek('a')).toBe(1);
  map.set('c', 3);
  expect(map.keys()).toEqual(['b', 'c']);
});

test('a value of undefined is an entry like others', () => {
  const map = new BoundedMap<string, undefined>(2).set('a', undefined);
  expect(map.has('a')).toBe(true);
  expect(map.size).toBe(1);
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 24 + 1])('a limit of %p is refused', (limit) => {
  expect(() => new BoundedMap(limit)).toThrow(RangeError);
});

test('a full map of 65,536 keys takes as many new ones in well under a second, so eviction does not search', () => {
  const map = new BoundedMap<number, number>(65_536);
  const startMs = performance.now();
  for (let key = 0; key < 500_000; key += 1) map.set(key, key);
  expect(map.size).toBe(65_536);
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
