import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SEQUENCE_FIRST_MAX, SEQUENCE_JUMP_MAX, SequenceTracker } from '../src/sequence-tracker.js';

const NOW_MS = 1_700_000_000_000;
const at = (timestamp: number, epoch = 0) => ({ timestamp, epoch, nowMs: NOW_MS });

test('a number is valid once, in any order within the window', () => {
  const sequences = new SequenceTracker();
  for (const sequence of [5, 3, 4, 1_000, 6]) expect(sequences.validate('alice', sequence)).toBe(true);
  for (const sequence of [5, 3, 4, 1_000, 6]) expect(sequences.validate('alice', sequence)).toBe(false);
});

test('a number older than the window is refused as such', () => {
  const sequences = new SequenceTracker({ windowBits: 64 });
  sequences.validate('alice', 100);
  expect(sequences.explain('alice', 36).code).toBe('SEQUENCE_TOO_OLD');
  expect(sequences.validate('alice', 37)).toBe(true);
  expect(sequences.explain('alice', 37).code).toBe('SEQUENCE_REPEATED');
});

test('D3: a jump to 2^53, or to the end of the numbers, does not lock the sender out', () => {
  const sequences = new SequenceTracker();
  sequences.validate('alice', 1);
  for (const jump of [2 ** 53, 2 ** 53 - 1, 2 ** 48 - 1, SEQUENCE_JUMP_MAX + 2]) {
    expect(sequences.validate('alice', jump)).toBe(false);
  }
  expect(sequences.explain('alice', 2 ** 48 - 1).code).toBe('SEQUENCE_JUMP');
  expect(sequences.validate('alice', 2)).toBe(true);
  expect(sequences.validate('alice', SEQUENCE_JUMP_MAX + 2)).toBe(true);
});

test('D3: the first number of a sender and of an epoch leaves room to count', () => {
  const sequences = new SequenceTracker();
  expect(sequences.explain('alice', SEQUENCE_FIRST_MAX + 1).code).toBe('SEQUENCE_JUMP');
  expect(sequences.validate('alice', SEQUENCE_FIRST_MAX)).toBe(true);
  expect(sequences.explain('alice', SEQUENCE_FIRST_MAX + 1, { epoch: 1 }).code).toBe('SEQUENCE_JUMP');
});

test('D3: NaN, floats, negatives and what is no number are refused and mark nothing', () => {
  const sequences = new SequenceTracker();
  for (const wrong of [NaN, Infinity, 1.5, -1, -0.5, '1', 1n, {}, [1], 2 ** 48]) {
    expect(sequences.validate('alice', wrong as number)).toBe(false);
    expect(sequences.explain('alice', wrong as number).code).toBe('SEQUENCE_MALFORMED');
    expect(sequences.explain('alice', 1, { epoch: wrong as number }).code).toBe('SEQUENCE_MALFORMED');
    expect(sequences.explain('alice', 1, { timestamp: wrong as number }).code).toBe('TIMESTAMP_MALFORMED');
  }
  expect(sequences.size).toBe(0);
});

test('D3: senders that were never authentic are not kept', () => {
  const sequences = new SequenceTracker();
  for (let index = 0; index < 1_000; index += 1) sequences.check(`forged-${index}`, index);
  expect(sequences.size).toBe(0);
});

test('D3: own numbers have nothing to do with those of others', () => {
  const sequences = new SequenceTracker({ epoch: NOW_MS });
  expect(sequences.next()).toEqual({ epoch: NOW_MS, sequence: 0 });
  expect(sequences.next()).toEqual({ epoch: NOW_MS, sequence: 1 });
  expect(sequences.size).toBe(0);
  expect(sequences.validate('alice', 0)).toBe(true);
  expect(sequences.next().sequence).toBe(2);
});

test('senders do not disturb each other, not even one that is called __proto__', () => {
  const sequences = new SequenceTracker();
  for (const sender of ['alice', 'bob', '__proto__', 'constructor'])
    expect(sequences.validate(sender, 7)).toBe(true);
});

test('names that are none are refused', () => {
  const sequences = new SequenceTracker();
  for (const sender of ['', 'x'.repeat(257), 7, undefined, null, {}])
    expect(sequences.explain(sender as string, 1).code).toBe('SENDER_MALFORMED');
});

test('a sender that restarts counts anew in a later epoch', () => {
  const sequences = new SequenceTracker();
  sequences.validate('alice', 500, at(NOW_MS, 1_000));
  expect(sequences.validate('alice', 0, at(NOW_MS, 2_000))).toBe(true);
  expect(sequences.validate('alice', 0, at(NOW_MS, 2_000))).toBe(false);
});

test('messages of the epoch before may still arrive, once each; older epochs are refused', () => {
  const sequences = new SequenceTracker();
  for (const epoch of [1, 2, 3]) sequences.validate('alice', 10, at(NOW_MS, epoch));
  expect(sequences.validate('alice', 9, at(NOW_MS, 2))).toBe(true);
  expect(sequences.validate('alice', 9, at(NOW_MS, 2))).toBe(false);
  expect(sequences.explain('alice', 9, at(NOW_MS, 1)).code).toBe('SEQUENCE_EPOCH_OLD');
});

test('an epoch or a timestamp from the future is refused, so that no later one is locked out', () => {
  const sequences = new SequenceTracker({ maxFuture: 1_000 });
  expect(sequences.explain('alice', 1, at(NOW_MS, NOW_MS + 1_001)).code).toBe('SEQUENCE_EPOCH_FROM_FUTURE');
  expect(sequences.explain('alice', 1, at(NOW_MS + 1_001)).code).toBe('TIMESTAMP_FROM_FUTURE');
  expect(sequences.validate('alice', 1, at(NOW_MS + 1_000, NOW_MS + 1_000))).toBe(true);
});

test('D3: a number of an evicted sender is not accepted again', () => {
  const sequences = new SequenceTracker({ maxSenders: 2 });
  sequences.validate('alice', 1, at(1_000));
  sequences.validate('bob', 1, at(2_000));
  sequences.validate('carol', 1, at(3_000));
  expect(sequences.size).toBe(2);
  expect(sequences.explain('alice', 1, at(1_000)).code).toBe('SEQUENCE_SENDER_FORGOTTEN');
});

test('an evicted sender is heard again with its next message, and its older ones stay refused', () => {
  const sequences = new SequenceTracker({ maxSenders: 2 });
  for (const [index, sender] of ['alice', 'bob', 'carol'].entries())
    sequences.validate(sender, 5, at(1_000 * (index + 1)));
  expect(sequences.validate('alice', 6, at(4_000))).toBe(true);
  expect(sequences.explain('alice', 5, at(1_000)).code).toBe('SEQUENCE_SENDER_FORGOTTEN');
  expect(sequences.validate('alice', 5, at(1_000))).toBe(false);
});

test('without timestamps, an unknown sender is heard after an eviction only in a later epoch', () => {
  const sequences = new SequenceTracker({ maxSenders: 1 });
  sequences.validate('alice', 1, { epoch: 10, nowMs: NOW_MS });
  sequences.validate('bob', 1, { epoch: 5, nowMs: NOW_MS });
  expect(sequences.explain('alice', 1, { epoch: 10, nowMs: NOW_MS }).code).toBe('SEQUENCE_SENDER_FORGOTTEN');
  expect(sequences.validate('alice', 1, { epoch: 11, nowMs: NOW_MS })).toBe(true);
});

test('the sender heard longest ago is evicted, not the one that became known first', () => {
  const sequences = new SequenceTracker({ maxSenders: 2 });
  sequences.validate('alice', 1, at(1_000));
  sequences.validate('bob', 1, at(1_001));
  sequences.validate('alice', 2, at(1_002));
  sequences.validate('carol', 1, at(1_003));
  expect(sequences.validate('alice', 3, at(1_004))).toBe(true);
  expect(sequences.explain('bob', 2, at(1_001)).code).toBe('SEQUENCE_SENDER_FORGOTTEN');
});

test('options that cannot be used are refused', () => {
  expect(() => new SequenceTracker({ windowBits: 0 })).toThrow(/windowBits is a whole number/);
  expect(() => new SequenceTracker({ maxSenders: 2 ** 30 })).toThrow(/maxSenders is a whole number/);
  expect(() => new SequenceTracker({ window: 5 } as object)).toThrow(/known are/);
});

test('no message is accepted twice, and none of a known sender is lost, as a set of all messages tells', () => {
  const message = fc.record({
    sender: fc.constantFrom('a', 'b', 'c', 'd'),
    epoch: fc.nat(3),
    sequence: fc.nat(80),
    marks: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 150 }),
      fc.integer({ min: 1, max: 4 }),
      (messages, maxSenders) => {
        const sequences = new SequenceTracker({ windowBits: 16, maxJump: 40, maxSenders });
        const seen = new Set<string>();
        const highest = new Map<string, number>();
        const epochs = new Map<string, number[]>();
        for (const { sender, epoch, sequence, marks } of messages) {
          // Sent when it says: epochs are far apart, and each number has its own millisecond.
          const context = at(1_000 * epoch + sequence, epoch);
          const key = `${sender} ${epoch} ${sequence}`;
          const answer = sequences[marks ? 'validate' : 'check'](sender, sequence, context);
          if (seen.has(key)) expect(answer).toBe(false);
          const known = epochs.get(sender) ?? [];
          const top = highest.get(`${sender} ${epoch}`) ?? -1;
          const isEpochOpen = known.slice(-2).includes(epoch) || epoch > (known.at(-1) ?? -1);
          const isInWindow = top < 0 || (sequence > top - 16 && sequence - top <= 40);
          // With room for all four senders nothing is forgotten, so the model knows the whole answer.
          if (maxSenders === 4) expect(answer).toBe(!seen.has(key) && isEpochOpen && isInWindow);
          if (!marks || !answer) continue;
          seen.add(key);
          highest.set(`${sender} ${epoch}`, Math.max(top, sequence));
          if (!known.includes(epoch)) epochs.set(sender, [...known, epoch]);
        }
      },
    ),
    { numRuns: 500 },
  );
});
