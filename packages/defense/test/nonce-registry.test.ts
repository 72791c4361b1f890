import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NonceRegistry } from '../src/nonce-registry.js';

const nonceOf = (index: number): string => index.toString(16).padStart(16, '0');

function fill(registry: NonceRegistry, count: number, nowMs: number, sender?: string): number {
  let taken = 0;
  for (let index = 0; index < count; index += 1)
    if (registry.validate(`${sender ?? 'x'}-${nonceOf(index)}`, nowMs, sender)) taken += 1;
  return taken;
}

test('a nonce is valid once, and the answer is a primitive boolean', () => {
  const registry = new NonceRegistry();
  expect(registry.validate(nonceOf(1), 0)).toBe(true);
  expect(registry.validate(nonceOf(1), 1)).toBe(false);
});

test('D2: a nonce that was generated for sending is not marked by it', () => {
  const registry = new NonceRegistry({ maxAge: 3_600_000 });
  const nonce = registry.generate();
  expect(registry.size).toBe(0);
  expect(registry.validate(nonce, 0)).toBe(true);
  expect(registry.validate(nonce, 0)).toBe(false);
});

test('generated nonces are 32 characters of hex and differ', () => {
  const registry = new NonceRegistry();
  const nonces = Array.from({ length: 100 }, () => registry.generate());
  expect(nonces.every((nonce) => /^[0-9a-f]{32}$/.test(nonce))).toBe(true);
  expect(new Set(nonces).size).toBe(100);
});

test('D2: the maximum size holds exactly, and what does not fit is refused until the oldest has expired', () => {
  const registry = new NonceRegistry({ maxAge: 1_000, maxSize: 100 });
  expect(fill(registry, 150, 0)).toBe(100);
  expect(registry.size).toBe(100);
  expect(registry.explain(nonceOf(500), 1_000).code).toBe('NONCE_REGISTRY_FULL');
  expect(registry.validate(nonceOf(500), 1_001)).toBe(true);
});

test('D2: a full registry forgets no nonce before its time', () => {
  const registry = new NonceRegistry({ maxAge: 1_000, maxSize: 100 });
  fill(registry, 150, 0);
  for (let index = 0; index < 100; index += 1)
    expect(registry.explain(`x-${nonceOf(index)}`, 1_000).code).toBe('NONCE_REPEATED');
});

test('D2: a nonce is remembered for the whole of maxAge and not longer', () => {
  const registry = new NonceRegistry({ maxAge: 1_000 });
  registry.validate(nonceOf(1), 0);
  expect(registry.validate(nonceOf(1), 1_000)).toBe(false);
  expect(registry.validate(nonceOf(1), 1_001)).toBe(true);
});

test('D2: expiry costs the same however many nonces are held', () => {
  const registry = new NonceRegistry({ maxAge: 100_000, maxSize: 200_000 });
  const costMs = (from: number): number => {
    const startMs = performance.now();
    for (let index = from; index < from + 50_000; index += 1) registry.validate(nonceOf(index), index);
    return performance.now() - startMs;
  };
  const first = costMs(0);
  costMs(50_000);
  // By now each insertion lets one nonce expire; a scan of 100,000 at each would take minutes.
  expect(costMs(100_000)).toBeLessThan(20 * first + 500);
  expect(registry.size).toBe(100_001);
});

test('D2: a check burns nothing, so that a forgery cannot use up the nonce of an honest message', () => {
  const registry = new NonceRegistry();
  expect(registry.check(nonceOf(1), 0)).toBe(true);
  expect(registry.check(nonceOf(1), 0)).toBe(true);
  expect(registry.mark(nonceOf(1), 0)).toBe(true);
  expect(registry.check(nonceOf(1), 0)).toBe(false);
  expect(registry.mark(nonceOf(1), 0)).toBe(false);
});

test('bytes are the same nonce as their lower-case hex', () => {
  const registry = new NonceRegistry();
  expect(registry.validate(new Uint8Array(16).fill(0xab), 0)).toBe(true);
  expect(registry.validate('ab'.repeat(16), 0)).toBe(false);
});

test('what is no nonce is refused and not kept', () => {
  const registry = new NonceRegistry();
  const wrong = [
    '',
    'short',
    'a'.repeat(129),
    'with space in it.',
    'ünïcödeünïcödeünï',
    undefined,
    null,
    7,
    {},
    [],
  ];
  for (const nonce of [...wrong, new Uint8Array(7), new Uint8Array(65), new Uint16Array(16)]) {
    expect(registry.validate(nonce as string, 0)).toBe(false);
    expect(registry.explain(nonce as string, 0).code).toBe('NONCE_MALFORMED');
  }
  expect(registry.size).toBe(0);
});

test('one sender fills no more than a quarter, and others still find room', () => {
  const registry = new NonceRegistry({ maxSize: 1_000 });
  expect(fill(registry, 2_000, 0, 'mallory')).toBe(250);
  expect(registry.explain(nonceOf(9_999), 0, 'mallory').code).toBe('NONCE_SENDER_FULL');
  expect(fill(registry, 100, 0, 'alice')).toBe(100);
});

test('a thousand senders that take what they can leave room for the next one', () => {
  const registry = new NonceRegistry({ maxSize: 20_480 });
  for (let sender = 0; sender < 1_000; sender += 1) fill(registry, 100, 0, `mallory-${sender}`);
  expect(registry.size).toBeLessThan(20_480);
  expect(fill(registry, 10, 0, 'alice')).toBe(5);
});

test("a sender's nonces no longer count against it once they have expired", () => {
  const registry = new NonceRegistry({ maxAge: 10, maxSize: 100 });
  fill(registry, 100, 0, 'alice');
  expect(registry.check(nonceOf(1), 10, 'alice')).toBe(false);
  expect(fill(registry, 100, 11, 'alice')).toBe(25);
});

test('explain gives a code and a sentence that quotes nothing of the nonce', () => {
  const registry = new NonceRegistry();
  registry.validate('feedfacefeedface', 0);
  const verdict = registry.explain('feedfacefeedface', 0);
  expect(verdict).toMatchObject({ valid: false, code: 'NONCE_REPEATED' });
  expect(verdict.reason).not.toContain('feedface');
  expect(registry.explain('feedfacefeedfacf', 0)).toEqual({ valid: true });
});

test('options that cannot be used are refused with a sentence that says what to give', () => {
  expect(() => new NonceRegistry({ maxAge: 0 })).toThrow(/maxAge is a whole number from 1/);
  expect(() => new NonceRegistry({ maxSize: 1.5 })).toThrow(/maxSize is a whole number/);
  expect(() => new NonceRegistry({ maxage: 5 } as object)).toThrow(/known are maxAge/);
  expect(() => new NonceRegistry().validate(nonceOf(1), NaN)).toThrow(/nowMs/);
});

test('it answers as a plain set with times does, whatever is asked', () => {
  const step = fc.record({
    nonce: fc.nat(30).map(nonceOf),
    waitMs: fc.integer({ min: -5, max: 20 }),
    sender: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    marks: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, maxSize) => {
      const registry = new NonceRegistry({ maxAge: 50, maxSize });
      let model: { nonce: string; atMs: number; sender: string | undefined }[] = [];
      let nowMs = 0;
      let newestMs = -Infinity;
      for (const { nonce, waitMs, sender, marks } of steps) {
        nowMs += waitMs;
        newestMs = Math.max(newestMs, nowMs);
        model = model.filter(({ atMs }) => newestMs - atMs <= 50);
        const own = model.filter((held) => held.sender === sender).length;
        const isFresh = !model.some((held) => held.nonce === nonce);
        const isOver = sender !== undefined && own >= Math.max(1, maxSize / 2 - model.length);
        const hasRoom = model.length < maxSize && !isOver;
        const answer = marks ? registry.validate(nonce, nowMs, sender) : registry.check(nonce, nowMs, sender);
        expect(answer).toBe(isFresh && hasRoom);
        if (marks && answer) model.push({ nonce, atMs: newestMs, sender });
        expect(registry.size).toBe(model.length);
      }
    }),
  );
});
