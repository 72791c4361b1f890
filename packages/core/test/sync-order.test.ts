import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareTimes, HybridClock, isHybridTime, type HybridTime } from '../src/sync/hybrid-clock.js';
import { judge, type Standing } from '../src/sync/record-judge.js';
import { compareRecords, type Ownership } from '../src/sync/record-order.js';
import { recordName } from '../src/sync/record-name.js';
import { decodeRecordPayload, encodeRecordPayload, type RecordMeta } from '../src/sync/record.js';
import { modelAuthor, modelRecord } from './support/model-records.js';

const NOW_MS = 1_700_000_000_000;
const AUTHORS = ['alice', 'bob', 'carol'].map(modelAuthor);
const DAY_MS = 86_400_000;

const time = fc.record({ timeMs: fc.integer({ min: 0, max: 5 }), counter: fc.integer({ min: 0, max: 2 }) });
const meta: fc.Arbitrary<RecordMeta> = fc
  .record({ version: time, claim: time, author: fc.constantFrom(...AUTHORS), value: fc.nat(3) })
  .map(({ version, claim, author, value }) => {
    const first = compareTimes(claim, version) > 0 ? version : claim;
    const content = { type: 'value', value } as const;
    return modelRecord(author, { name: 'c\0k', version, claim: first, content }, 1).meta;
  });
const ownership = fc.constantFrom<Ownership>('first-writer', 'open');

test('a hybrid clock gives every write a later time, at most one step ahead of what it has seen', () => {
  const step = fc.oneof(
    fc.record({ now: fc.nat(1_000) }),
    fc.record({ seen: fc.record({ timeMs: fc.nat(1_000), counter: fc.nat(0xffff) }) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const clock = new HybridClock();
      let last: HybridTime = { timeMs: 0, counter: 0 };
      let highestMs = 0;
      for (const each of steps) {
        if ('seen' in each) {
          clock.observe(each.seen);
          highestMs = Math.max(highestMs, each.seen.timeMs);
          if (compareTimes(each.seen, last) > 0) last = each.seen;
          continue;
        }
        const next = clock.next(each.now);
        highestMs = Math.max(highestMs, each.now);
        expect(compareTimes(next, last)).toBeGreaterThan(0);
        expect(isHybridTime(next.timeMs, next.counter)).toBe(true);
        expect(next.timeMs).toBeLessThanOrEqual(highestMs + steps.length);
        last = next;
      }
    }),
  );
});

test('a full counter goes on in the next millisecond', () => {
  const clock = new HybridClock();
  clock.observe({ timeMs: 5, counter: 0xffff });
  expect(clock.next(5)).toEqual({ timeMs: 6, counter: 0 });
});

test('the order of records is total, and equal only for the same record', () => {
  fc.assert(
    fc.property(meta, meta, meta, ownership, (a, b, c, rule) => {
      const ab = Math.sign(compareRecords(a, b, rule));
      expect(Math.sign(compareRecords(b, a, rule)) + ab).toBe(0);
      expect(ab === 0).toBe(a.id.join() === b.id.join());
      if (ab <= 0 && compareRecords(b, c, rule) <= 0)
        expect(compareRecords(a, c, rule)).toBeLessThanOrEqual(0);
    }),
  );
});

test('whatever the order in which nodes hear of records, they end with the same one', () => {
  const heard = fc.array(meta, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      heard,
      fc.constantFrom('first-writer' as const, 'open' as const),
      fc.nat(),
      (records, rule, turn) => {
        const settle = (all: readonly RecordMeta[]): RecordMeta | undefined => {
          let current: RecordMeta | undefined;
          for (const record of all)
            if (judge(record, { ...standing(current), rule, nowMs: 5 }) === 'take') current = record;
          return current;
        };
        const turned = [...records.slice(turn % records.length), ...records.slice(0, turn % records.length)];
        expect(settle(turned)?.id).toEqual(settle(records)?.id);
        expect(settle([...records].reverse())?.id).toEqual(settle(records)?.id);
      },
    ),
  );
});

test('a version more than two minutes ahead is refused, and one of two minutes is not', () => {
  expect(judge(of('alice', NOW_MS + 120_000), standing())).toBe('take');
  expect(judge(of('alice', NOW_MS + 120_001), standing())).toBe('SYNC_FROM_FUTURE');
});

test('a claim that is a day old is settled: nobody takes the key with an earlier one', () => {
  const first = of('alice', NOW_MS - DAY_MS);
  const earlier = of('bob', NOW_MS - DAY_MS - 1);
  expect(judge(earlier, standing(first))).toBe('take');
  expect(judge(earlier, { ...standing(first), nowMs: NOW_MS + 1 })).toBe('SYNC_NOT_OWNER');
});

test('what was deleted and buried stays deleted, and a later write of the key is taken', () => {
  const grave = { timeMs: NOW_MS - 10, counter: 1 };
  expect(judge(of('alice', NOW_MS - 10), { ...standing(), grave })).toBe('SYNC_BURIED');
  expect(judge(of('alice', NOW_MS - 9), { ...standing(), grave })).toBe('take');
  expect(judge(of('alice', NOW_MS - 9), { ...standing(), floorMs: NOW_MS - 8 })).toBe('SYNC_BURIED');
});

test('under the rule own-keys a key begins with its author', () => {
  const [alice, bob] = AUTHORS;
  const name = recordName('c', `${alice?.id}/x`) ?? '';
  const version = { timeMs: NOW_MS, counter: 0 };
  const fields = { name, version, claim: version, content: { type: 'tombstone' } } as const;
  const own = { ...standing(), rule: 'own-keys' } as const;
  if (alice === undefined || bob === undefined) throw new Error('no authors');
  expect(judge(modelRecord(alice, fields, 1).meta, own)).toBe('take');
  expect(judge(modelRecord(bob, fields, 1).meta, own)).toBe('SYNC_NOT_OWNER');
});

test('a record has one encoding', () => {
  const content = fc.oneof(
    fc.jsonValue().map((value) => ({ type: 'value', value: value as never }) as const),
    fc.constant({ type: 'tombstone' } as const),
    fc
      .record({
        size: fc.integer({ min: 1, max: 33_554_432 }),
        root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      })
      .map((large) => ({ type: 'large', ...large }) as const),
  );
  const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(key, time, time, content, (text, one, other, value) => {
      const name = recordName('notes', text);
      if (name === undefined) return;
      const [claim, version] = compareTimes(one, other) > 0 ? [other, one] : [one, other];
      const fields = { name, version, claim, content: value };
      const bytes = encodeRecordPayload(fields);
      const decoded = decodeRecordPayload(bytes);
      expect(decoded).toMatchObject({ name, version, claim });
      if (decoded !== undefined) expect(encodeRecordPayload(decoded)).toEqual(bytes);
    }),
  );
});

function standing(current?: RecordMeta): Standing {
  return { current, grave: undefined, floorMs: 0, rule: 'first-writer', nowMs: NOW_MS };
}

function of(author: string, timeMs: number): RecordMeta {
  const version = { timeMs, counter: 0 };
  const fields = { name: 'c\0k', version, claim: version, content: { type: 'tombstone' } } as const;
  return modelRecord(modelAuthor(author), fields, 1).meta;
}
