import { expect, test } from '@jest/globals';
import type { NodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  HELD_BYTES_MAX,
  HELD_MESSAGES_MAX,
  HELD_MS_MAX,
  HELD_ORIGIN_BYTES_MAX,
  HELD_ORIGIN_MESSAGES_MAX,
  OriginLines,
  type Held,
  type Refusal,
} from '../src/mesh/origin-lines.js';
import { KeyedSlidingWindow, type GuardVerdict } from '../src/transport/index.js';

const ANN = 'yak1ann' as NodeId;
const BEN = 'yak1ben' as NodeId;
const SOON: Refusal = { code: 'GUARD_MESSAGES', retryAfterMs: 1_000 };

interface Item extends Held {
  isCovered: boolean;
  readonly n: number;
}

test('D1: what waits leaves in its order, and never more than the limit in any second', () => {
  const arrivals = fc.array(fc.record({ afterMs: fc.nat(300), origin: fc.constantFrom(ANN, BEN) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), arrivals, (limit, steps) => {
      const world = new World(limit);
      for (const [n, { afterMs, origin }] of steps.entries()) {
        world.pass(afterMs);
        world.arrive({ origin, n, bytes: 1, isCovered: true });
      }
      world.pass(60_000);
      expect(world.out).toHaveLength(steps.length);
      for (const origin of [ANN, BEN]) {
        const own = world.out.filter(({ item }) => item.origin === origin);
        expect(own.map(({ item }) => item.n)).toEqual(
          [...own.map(({ item }) => item.n)].sort((a, b) => a - b),
        );
        for (const [at, { atMs }] of own.entries())
          expect((own[at + limit]?.atMs ?? Infinity) - atMs).toBeGreaterThanOrEqual(1_000);
      }
    }),
  );
});

test('one origin’s wait delays no other', () => {
  const world = new World(2);
  for (let n = 0; n < 6; n += 1) world.arrive({ origin: ANN, n, bytes: 1, isCovered: true });
  world.arrive({ origin: BEN, n: 9, bytes: 1, isCovered: true });
  expect(world.out.map(({ item }) => item.n)).toEqual([0, 1, 9]);
});

test('without credit no more is held than leaves in 2 s', () => {
  const lines = linesOf(3);
  for (let n = 0; n < 6; n += 1) holdAt(lines, itemOf(ANN, n), 0);
  expect(lines.isOverdue(ANN)).toBe(true);
  expect(lines.hasRoom(itemOf(ANN, 6))).toBe(false);
  expect(lines.hasRoom(itemOf(BEN, 6))).toBe(true);
  expect(lines.hasRoom({ ...itemOf(ANN, 6), isCovered: true })).toBe(true);
});

test('M6: where the limit is not known, messages and bytes are bounded, of one origin and of all', () => {
  const held = (bytes: number, originsMax: number): [number, number] => {
    const lines = linesOf(undefined);
    for (let at = 0; at < originsMax; at += 1) {
      for (let n = 0; ; n += 1) {
        const item = itemOf(`yak1${at}` as NodeId, n, bytes);
        if (!lines.hasRoom(item)) break;
        holdAt(lines, item, 0);
      }
    }
    return [lines.messages, lines.messages * bytes];
  };
  expect(held(1, 1)).toEqual([HELD_ORIGIN_MESSAGES_MAX, HELD_ORIGIN_MESSAGES_MAX]);
  expect(held(65_536, 1)[1]).toBe(HELD_ORIGIN_BYTES_MAX);
  expect(held(1, 20)[0]).toBe(HELD_MESSAGES_MAX);
  expect(held(65_536, 20)[1]).toBe(HELD_BYTES_MAX);
});

test('what left or was dropped makes room again', () => {
  const lines = linesOf(undefined, () => ({ allowed: true }));
  for (let n = 0; n < HELD_ORIGIN_MESSAGES_MAX; n += 1) holdAt(lines, itemOf(ANN, n), 0);
  expect(lines.hasRoom(itemOf(ANN, 0))).toBe(false);
  let delivered = 0;
  for (let turns = 0; lines.messages > 0; turns += 1) {
    for (const action of lines.tick(1_000)) if (action.type === 'deliver') delivered += action.items.length;
    expect(turns).toBeLessThan(100);
  }
  expect([delivered, lines.hasRoom(itemOf(ANN, 0)), lines.deadlineMs]).toEqual([
    HELD_ORIGIN_MESSAGES_MAX,
    true,
    undefined,
  ]);
});

test('a message without credit is dropped after 4 s, one with it is not', () => {
  const lines = linesOf(undefined, () => ({ allowed: false, reason: '', ...SOON }));
  const covered = { ...itemOf(ANN, 0), isCovered: true };
  const bare = itemOf(BEN, 1);
  for (const item of [covered, bare]) holdAt(lines, item, 0);
  expect(lines.tick(HELD_MS_MAX)).toEqual([]);
  expect(lines.tick(HELD_MS_MAX + 1_000)).toEqual([{ type: 'drop', item: bare, code: 'GUARD_MESSAGES' }]);
  covered.isCovered = false;
  expect(lines.tick(2 * HELD_MS_MAX)).toEqual([{ type: 'drop', item: covered, code: 'GUARD_MESSAGES' }]);
  expect(lines.messages).toBe(0);
});

test('an origin that is banned while its messages wait loses them', () => {
  const lines = linesOf(5, () => ({ allowed: false, code: 'GUARD_BANNED', reason: '', retryAfterMs: 10 }));
  const item = itemOf(ANN, 0);
  holdAt(lines, item, 0);
  expect(lines.tick(1_000)).toEqual([{ type: 'drop', item, code: 'GUARD_BANNED' }]);
});

test('a guard that says "at once" and refuses is not asked without end', () => {
  let asked = 0;
  const lines = linesOf(5, () => {
    asked += 1;
    return { allowed: false, code: 'GUARD_OWN', reason: '', retryAfterMs: 0 };
  });
  holdAt(lines, itemOf(ANN, 0), 0);
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) lines.tick(nowMs);
  expect(asked).toBeLessThanOrEqual(100);
});

/** Lines behind a guard of a limit, driven at their deadlines. */
class World {
  readonly out: { readonly item: Item; readonly atMs: number }[] = [];
  readonly #limit: KeyedSlidingWindow;
  readonly #lines: OriginLines<Item>;
  #nowMs = 0;

  constructor(limit: number) {
    this.#limit = new KeyedSlidingWindow(limit, 1_000, 10);
    this.#lines = linesOf(limit, (origin) => this.#ask(origin));
  }

  arrive(item: Item): void {
    const code = this.#lines.codeOf(item.origin);
    const verdict =
      code === undefined ? this.#ask(item.origin) : { allowed: false as const, code, retryAfterMs: 0 };
    if (verdict.allowed) this.out.push({ item, atMs: this.#nowMs });
    else holdAt(this.#lines, item, this.#nowMs, verdict);
  }

  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const { deadlineMs } = this.#lines;
      if (deadlineMs === undefined || deadlineMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, deadlineMs);
      for (const action of this.#lines.tick(this.#nowMs))
        if (action.type === 'deliver')
          for (const item of action.items) this.out.push({ item, atMs: this.#nowMs });
    }
    this.#nowMs = endMs;
  }

  #ask(origin: NodeId): GuardVerdict {
    if (this.#limit.take(origin, this.#nowMs)) return { allowed: true };
    const retryAfterMs = this.#limit.retryAfterMs(origin, this.#nowMs);
    return { allowed: false, code: 'GUARD_MESSAGES', reason: '', retryAfterMs };
  }
}

function linesOf(
  messagesPerSecond: number | undefined,
  ask: (origin: NodeId) => GuardVerdict = () => ({ allowed: true }),
): OriginLines<Item> {
  return new OriginLines({ ask, messagesPerSecond });
}

function holdAt(lines: OriginLines<Item>, item: Item, nowMs: number, refusal: Refusal = SOON): void {
  lines.hold(item, refusal, nowMs);
}

function itemOf(origin: NodeId, n: number, bytes = 1): Item {
  return { origin, n, bytes, isCovered: false };
}
