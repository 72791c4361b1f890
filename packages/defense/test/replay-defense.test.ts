import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReplayDefense, type ReplayStamp } from '../src/replay-defense.js';

const NOW_MS = 1_700_000_000_000;

function stampOf(sequence: number, changes: Partial<ReplayStamp> = {}): ReplayStamp {
  const nonce = sequence.toString(16).padStart(32, '0');
  return { senderId: 'alice', timestamp: NOW_MS, sequence, nonce, ...changes };
}

test('a message is accepted once', () => {
  const replay = new ReplayDefense();
  expect(replay.accept(stampOf(1), true, NOW_MS)).toEqual({ valid: true });
  expect(replay.accept(stampOf(1), true, NOW_MS).code).toBe('SEQUENCE_REPEATED');
});

test('D2: a forgery burns neither the nonce nor the number of the honest message', () => {
  const replay = new ReplayDefense();
  expect(replay.accept(stampOf(1), false, NOW_MS).code).toBe('REPLAY_NOT_AUTHENTIC');
  expect(replay.accept(stampOf(1), () => false, NOW_MS).code).toBe('REPLAY_NOT_AUTHENTIC');
  expect(replay.accept(stampOf(1), () => true, NOW_MS).valid).toBe(true);
});

test('D2: a message that fails a later check burns nothing of the earlier ones', () => {
  const replay = new ReplayDefense();
  replay.accept(stampOf(1), true, NOW_MS);
  const repeated = stampOf(2, { nonce: stampOf(1).nonce });
  expect(replay.accept(repeated, true, NOW_MS).code).toBe('NONCE_REPEATED');
  expect(replay.accept(stampOf(2), true, NOW_MS).valid).toBe(true);
});

test('authenticity comes first, then time, then the number, then the nonce', () => {
  const replay = new ReplayDefense();
  const wrong = { timestamp: NaN, sequence: NaN, nonce: '' };
  const codes = [
    replay.accept(stampOf(1, wrong), false, NOW_MS).code,
    replay.accept(stampOf(1, wrong), true, NOW_MS).code,
    replay.accept(stampOf(1, { sequence: NaN, nonce: '' }), true, NOW_MS).code,
    replay.accept(stampOf(1, { nonce: '' }), true, NOW_MS).code,
  ];
  expect(codes).toEqual([
    'REPLAY_NOT_AUTHENTIC',
    'TIMESTAMP_MALFORMED',
    'SEQUENCE_MALFORMED',
    'NONCE_MALFORMED',
  ]);
});

test('D2: windows that disagree are refused with a sentence that says what to give', () => {
  expect(() => new ReplayDefense({ nonces: { maxAge: 719_999 } })).toThrow(/give nonces.maxAge: 720000/);
  expect(() => new ReplayDefense({ nonces: { maxAge: 720_000 } })).not.toThrow();
  const options = { timestamps: { maxFuture: 200_000 }, sequences: { maxFuture: 100_000 } };
  expect(() => new ReplayDefense(options)).toThrow(/sequences.maxFuture must be at least 200000/);
});

test('a promise is never taken for a yes', () => {
  const replay = new ReplayDefense();
  const check = (() => Promise.resolve(false)) as unknown as () => boolean;
  expect(() => replay.accept(stampOf(1), check, NOW_MS)).toThrow(/acceptAsync/);
  expect(replay.sequences.size).toBe(0);
});

test('only true is a yes', () => {
  const replay = new ReplayDefense();
  for (const answer of [1, 'yes', {}, undefined])
    expect(replay.accept(stampOf(1), answer as boolean, NOW_MS).code).toBe('REPLAY_NOT_AUTHENTIC');
});

test('of several copies that are being verified at once, one is accepted', async () => {
  const replay = new ReplayDefense();
  const copies = Array.from({ length: 5 }, () => replay.acceptAsync(stampOf(1), async () => true, NOW_MS));
  const verdicts = await Promise.all(copies);
  expect(verdicts.map(({ valid }) => valid)).toEqual([true, false, false, false, false]);
});

test('a check that throws passes through and burns nothing', async () => {
  const replay = new ReplayDefense();
  const fail = () => Promise.reject(new Error('no key'));
  await expect(replay.acceptAsync(stampOf(1), fail, NOW_MS)).rejects.toThrow('no key');
  expect(replay.accept(stampOf(1), true, NOW_MS).valid).toBe(true);
});

test('asking beforehand uses nothing up', () => {
  const replay = new ReplayDefense();
  expect(replay.check(stampOf(1), NOW_MS).valid).toBe(true);
  expect(replay.accept(stampOf(1), true, NOW_MS).valid).toBe(true);
  expect(replay.check(stampOf(1), NOW_MS).code).toBe('SEQUENCE_REPEATED');
});

test('two sides of the page: own numbers and nonces pass at the other end', () => {
  const [ours, theirs] = [new ReplayDefense({ sequences: { epoch: NOW_MS } }), new ReplayDefense()];
  for (let index = 0; index < 10; index += 1) {
    const stamp = {
      senderId: 'us',
      timestamp: NOW_MS,
      nonce: ours.nonces.generate(),
      ...ours.sequences.next(),
    };
    expect(theirs.accept(stamp, true, NOW_MS)).toEqual({ valid: true });
  }
});

test('no message is accepted twice while time goes on, whatever order copies arrive in', () => {
  const delivery = fc.record({ message: fc.nat(15), waitMs: fc.nat(200_000), isAuthentic: fc.boolean() });
  fc.assert(
    fc.property(fc.array(delivery, { maxLength: 80 }), (deliveries) => {
      const replay = new ReplayDefense({ nonces: { maxAge: 720_000 }, sequences: { maxSenders: 2 } });
      const accepted = new Set<number>();
      let nowMs = NOW_MS;
      for (const { message, waitMs, isAuthentic } of deliveries) {
        nowMs += waitMs;
        const changes = { senderId: `sender-${message % 4}`, timestamp: NOW_MS + 50_000 * message };
        const { valid } = replay.accept(stampOf(message, changes), isAuthentic, nowMs);
        if (valid) expect(isAuthentic && !accepted.has(message)).toBe(true);
        if (valid) accepted.add(message);
      }
    }),
  );
});
