import { expect, test } from '@jest/globals';
import type { MeshOptions } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';
import { KeyedSlidingWindow, type Guard, type GuardVerdict } from '../src/transport/index.js';

const LIMIT = 20;

test('M6: an origin at ten times a neighbour’s limit loses nothing, is refused nothing and reported for nothing', async () => {
  const guard = new RateGuard(LIMIT);
  const mesh = await pair({ guard });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 10 * LIMIT; n += 10) {
    for (let at = n; at < n + 10; at += 1) void mesh.node('a').broadcast(at);
    await mesh.advance(50);
  }
  expect(heard.values.length).toBeLessThanOrEqual(2 * LIMIT);
  await mesh.advance(10_000);
  expect(heard.values).toEqual(upTo(10 * LIMIT));
  expect(inAnySecond(heard.timesMs)).toBeLessThanOrEqual(LIMIT);
  expect([guard.reports, mesh.node('b').counters.GUARD_MESSAGES]).toEqual([[], undefined]);
  expect(mesh.node('a').counters['messages:skipped']).toBeUndefined();
  expect(mesh.node('a').counters['messages:paced']).toBeGreaterThan(0);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('the page’s maxMessagesPerSecond is such a limit', async () => {
  const mesh = await pair({ rateLimiter: { ...UNLIMITED, maxMessagesPerSecond: LIMIT } });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 3 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(900);
  // Nine tenths of it, so that what a line holds up can catch up.
  expect(heard.values).toEqual(upTo(0.9 * LIMIT));
  await mesh.advance(3_000);
  expect(heard.values).toEqual(upTo(3 * LIMIT));
  await mesh.stop();
});

test('direct messages are paced with the broadcasts', async () => {
  const guard = new RateGuard(LIMIT);
  const mesh = await pair({ guard });
  const heard = hearing(mesh, 'b');
  const { nodeId } = mesh.node('b');
  for (let n = 0; n < 2 * LIMIT; n += 2) {
    void mesh.node('a').sendTo(nodeId, n);
    void mesh.node('a').broadcast(n + 1);
  }
  await mesh.advance(3_000);
  expect([...heard.values].sort((a, b) => Number(a) - Number(b))).toEqual(upTo(2 * LIMIT));
  expect(inAnySecond(heard.timesMs)).toBeLessThanOrEqual(LIMIT);
  expect(guard.reports).toEqual([]);
  await mesh.stop();
});

test('who awaits its sends goes at the pace of the neighbour', async () => {
  const mesh = await pair({ guard: new RateGuard(LIMIT) });
  const a = mesh.node('a');
  const startMs = mesh.clock.monotonicMs();
  const sends = Array.from({ length: 3 * LIMIT }, (_, n) => a.broadcast(n));
  await mesh.run(Promise.all(sends));
  const takenMs = mesh.clock.monotonicMs() - startMs;
  // One second's worth left at once, one left a second later, and one may wait.
  expect(takenMs).toBeGreaterThanOrEqual(990);
  expect(takenMs).toBeLessThan(1_500);
  await mesh.stop();
});

test('a neighbour that announces 1 in a second slows no caller down, and is skipped when it is full', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'b' ? { guard: new RateGuard(1) } : {}),
  });
  await mesh.connectAll();
  const heard = hearing(mesh, 'c');
  const a = mesh.node('a');
  const startMs = mesh.clock.monotonicMs();
  const skipped = new Set<string>();
  for (let n = 0; n < 100; n += 10) {
    const sends = Array.from({ length: 10 }, (_, at) => a.broadcast(n + at));
    for (const result of await mesh.run(Promise.all(sends)))
      for (const { nodeId, code } of result.skipped) skipped.add(`${nodeId} ${code}`);
  }
  expect(mesh.clock.monotonicMs() - startMs).toBeLessThan(1_000);
  await mesh.advance(2_000);
  expect(heard.values).toEqual(upTo(100));
  expect([...skipped]).toEqual([`${mesh.node('b').nodeId} MESH_QUEUE_FULL`]);
  await mesh.stop();
});

test('an urgent message overtakes our own that wait', async () => {
  const mesh = await pair({ guard: new RateGuard(LIMIT) });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 5 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(500);
  void mesh.node('a').broadcast('urgent', { priority: 4 });
  await mesh.advance(600);
  expect(heard.values.indexOf('urgent')).toBe(LIMIT);
  await mesh.stop();
});

test('what waits outlives a change of the link, and is counted when the neighbour is gone', async () => {
  const mesh = await pair({ guard: new RateGuard(LIMIT) });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 3 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(500);
  await mesh.connect('b', 'a');
  await mesh.advance(4_000);
  expect(heard.values).toEqual(upTo(3 * LIMIT));
  for (let n = 0; n < 5 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(100);
  mesh.kill('b');
  await mesh.advance(10_000);
  expect(mesh.node('a').counters['messages:unsent']).toBeGreaterThanOrEqual(3 * LIMIT);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('stop sends what the limit admits within its second, and counts the rest', async () => {
  const mesh = await pair({ guard: new RateGuard(LIMIT) });
  const heard = hearing(mesh, 'b');
  const a = mesh.node('a');
  for (let n = 0; n < 3 * LIMIT; n += 1) void a.broadcast(n);
  await mesh.advance(500);
  await mesh.run(a.stop());
  expect(heard.values).toEqual(upTo(2 * LIMIT));
  expect(a.counters['messages:unsent']).toBe(LIMIT);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('behind a relay one origin over its limit does not slow another', async () => {
  const mesh = await star({ guard: new RateGuard(LIMIT) });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 2 * LIMIT; n += 1) void mesh.node('loud').broadcast('loud');
  await mesh.advance(50);
  const startMs = mesh.clock.monotonicMs();
  for (let n = 0; n < LIMIT; n += 1) void mesh.node('calm').broadcast('calm');
  await mesh.advance(200);
  const calm = heard.timesMs.filter((_, at) => heard.values[at] === 'calm');
  expect(calm).toHaveLength(LIMIT);
  expect(Math.max(...calm) - startMs).toBeLessThan(100);
  await mesh.advance(3_000);
  expect(heard.values.filter((value) => value === 'loud')).toHaveLength(2 * LIMIT);
  await mesh.stop();
});

test('M6: what a relay brings beyond 2 s of the limit is dropped and counted, and nobody is blamed for it', async () => {
  const guard = new RateGuard(LIMIT, false);
  const mesh = await star({ guard });
  const heard = hearing(mesh, 'b');
  const b = mesh.node('b');
  for (let n = 0; n < 10 * LIMIT; n += 1) void mesh.node('loud').broadcast(n);
  await mesh.advance(10_000);
  expect(heard.values).toEqual(upTo(3 * LIMIT));
  expect(b.counters.GUARD_MESSAGES).toBe(7 * LIMIT);
  expect(b.counters['messages:held']).toBe(2 * LIMIT);
  expect(guard.reports).toEqual([]);
  expect(inAnySecond(heard.timesMs)).toBeLessThanOrEqual(LIMIT);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a relay passes on no more of an origin than the neighbour takes, so that nobody is blamed', async () => {
  const guard = new RateGuard(LIMIT);
  const mesh = await star({ guard });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 10 * LIMIT; n += 1) void mesh.node('loud').broadcast(n);
  void mesh.node('calm').broadcast('calm');
  await mesh.advance(10_000);
  expect(heard.values.filter((value) => value !== 'calm')).toEqual(upTo(3 * LIMIT));
  expect(heard.values).toContain('calm');
  expect(mesh.node('relay').counters['messages:relay-limited']).toBe(7 * LIMIT);
  expect([guard.reports, mesh.node('b').counters.GUARD_MESSAGES]).toEqual([[], undefined]);
  for (let n = 0; n < LIMIT; n += 1) void mesh.node('loud').broadcast('later');
  await mesh.advance(500);
  expect(heard.values.filter((value) => value === 'later')).toHaveLength(LIMIT);
  await mesh.stop();
});

test('an origin that keeps to the limit of its neighbours loses nothing on the way, for as long as it likes', async () => {
  const guards = new Map(['x', 'y', 'b'].map((name) => [name, new RateGuard(LIMIT)]));
  const mesh = await memoryMesh({
    nodes: ['a', 'x', 'y', 'b'],
    latencyMs: (random) => 1 + (random.u32() % 60),
    options: (name) => ({ guard: guards.get(name) }),
  });
  for (const [from, to] of [
    ['a', 'x'],
    ['a', 'y'],
    ['x', 'b'],
    ['y', 'b'],
  ] as const)
    await mesh.connect(from, to);
  await mesh.advance(500);
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 12 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(15_000);
  expect([...heard.values].sort((one, other) => Number(one) - Number(other))).toEqual(upTo(12 * LIMIT));
  for (const guard of guards.values()) expect(guard.reports).toEqual([]);
  await mesh.stop();
});

test('M6: a neighbour that ignores the limit crawls at it by credit, loses nothing, and is counted', async () => {
  const guard = new RateGuard(LIMIT, false);
  const mesh = await pair({ guard });
  const heard = hearing(mesh, 'b');
  const block = new Uint8Array(10_000);
  const a = mesh.node('a');
  for (let n = 0; n < 200; n += 1) void a.broadcast({ n, block });
  await mesh.advance(3_000);
  // Its window of credit is used up: what is left waits at its own end.
  expect(a.getPeers()[0]?.queuedBytes).toBeGreaterThan(500_000);
  expect(mesh.node('b').counters['messages:held']).toBeLessThan(100);
  await mesh.advance(9_000);
  expect(heard.values.map((value) => (value as { n: number }).n)).toEqual(upTo(200));
  expect(inAnySecond(heard.timesMs)).toBeLessThanOrEqual(LIMIT);
  expect(mesh.node('b').counters.GUARD_MESSAGES).toBeUndefined();
  expect(mesh.node('b').counters.PEER_TOO_FAST).toBeGreaterThan(0);
  expect(guard.reports).toEqual([]);
  expect(mesh.node('b').isConnectedTo(a.nodeId)).toBe(true);
  await mesh.stop();
});

test('a copy of a message that waits is not delivered beside it, and costs its origin nothing', async () => {
  const guard = new RateGuard(LIMIT);
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'x', 'y'],
    options: (name) => (name === 'b' ? { guard } : {}),
  });
  for (const [from, to] of [
    ['a', 'x'],
    ['a', 'y'],
    ['x', 'b'],
    ['y', 'b'],
  ] as const)
    await mesh.connect(from, to);
  await mesh.advance(200);
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 2 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(5_000);
  expect(heard.values).toEqual(upTo(2 * LIMIT));
  expect(guard.allowed).toBe(2 * LIMIT);
  expect(guard.reports).toEqual([]);
  expect(mesh.node('b').counters.PEER_DUPLICATE).toBe(2 * LIMIT);
  await mesh.stop();
});

test('messages that waited are relayed, once', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'b' ? { guard: new RateGuard(LIMIT, false) } : {}),
  });
  await mesh.connect('a', 'b');
  await mesh.connect('b', 'c');
  await mesh.advance(200);
  const heard = hearing(mesh, 'c');
  for (let n = 0; n < 2 * LIMIT; n += 1) void mesh.node('a').broadcast(n);
  await mesh.advance(5_000);
  expect(heard.values).toEqual(upTo(2 * LIMIT));
  await mesh.stop();
});

test('what is refused for longer than 2 s is dropped and counted; so is what a banned origin sends', async () => {
  const verdicts = { GUARD_OWN: 5_000, GUARD_BANNED: 100 };
  for (const [code, retryAfterMs] of Object.entries(verdicts)) {
    const guard = new RateGuard(LIMIT);
    guard.message = () => ({ allowed: false, code, reason: 'not today', retryAfterMs });
    const mesh = await pair({ guard });
    const heard = hearing(mesh, 'b');
    void mesh.node('a').broadcast('unheard');
    await mesh.advance(5_000);
    expect(heard.values).toEqual([]);
    expect(mesh.node('b').counters[code]).toBe(1);
    expect(guard.reports).toEqual([]);
    await mesh.stop();
  }
});

test('a message that expires while it waits is counted as expired', async () => {
  const mesh = await pair({ guard: new RateGuard(1, false) });
  const heard = hearing(mesh, 'b');
  for (let n = 0; n < 4; n += 1) void mesh.node('a').broadcast(n, { lifeMs: 2_000 });
  await mesh.advance(10_000);
  expect(heard.values).toEqual([0, 1]);
  expect(mesh.node('b').counters.PEER_EXPIRED).toBe(2);
  await mesh.stop();
});

const UNLIMITED = { maxConnectionsPerMinute: 1_000_000, maxHandshakesPerMinute: 1_000_000 };

/** Allows everything but messages beyond a limit; writes down what is reported. */
class RateGuard implements Guard {
  readonly reports: string[] = [];
  allowed = 0;
  readonly #limit: number;
  readonly #messages: KeyedSlidingWindow;
  #announced: number;

  /** One that is not announced makes every honest neighbour look like one that ignores it. */
  constructor(limit: number, isAnnounced = true) {
    this.#limit = limit;
    // Nine tenths of it are announced, which makes exactly the limit.
    this.#announced = isAnnounced ? Math.ceil(limit / 0.9) : 0;
    this.#messages = new KeyedSlidingWindow(limit, 1_000, 100);
  }

  /** The announcement asks first. */
  get messagesPerSecond(): number {
    const answer = this.#announced;
    this.#announced = this.#limit;
    return answer;
  }

  connection = (): GuardVerdict => ({ allowed: true });
  handshake = (): GuardVerdict => ({ allowed: true });

  message = (nodeId: string, _bytes: number, nowMs: number): GuardVerdict => {
    if (this.#messages.take(nodeId, nowMs)) {
      this.allowed += 1;
      return { allowed: true };
    }
    const retryAfterMs = this.#messages.retryAfterMs(nodeId, nowMs);
    return { allowed: false, code: 'GUARD_MESSAGES', reason: 'too many messages', retryAfterMs };
  };

  report(subject: { readonly nodeId?: string | undefined }, code: string, weight: number): void {
    this.reports.push(`${subject.nodeId} ${code} ${weight}`);
  }
}

interface Heard {
  readonly values: unknown[];
  readonly timesMs: number[];
}

function hearing(mesh: MemoryMesh, name: string): Heard {
  const heard: Heard = { values: [], timesMs: [] };
  for (const type of ['gossip', 'message'])
    mesh.node(name).on(type, ({ payload }) => {
      heard.values.push(payload);
      heard.timesMs.push(mesh.clock.monotonicMs());
    });
  return heard;
}

/** a – b, where b has the options. */
async function pair(options: MeshOptions): Promise<MemoryMesh> {
  const mesh = await memoryMesh({ nodes: ['a', 'b'], options: (name) => (name === 'b' ? options : {}) });
  await mesh.connect('a', 'b');
  await mesh.advance(200);
  return mesh;
}

/** loud and calm – relay – b, where b has the options and the relay no limit. */
async function star(options: MeshOptions): Promise<MemoryMesh> {
  const mesh = await memoryMesh({
    nodes: ['loud', 'calm', 'relay', 'b'],
    options: (name) => (name === 'b' ? options : {}),
  });
  for (const name of ['loud', 'calm', 'b']) await mesh.connect(name, 'relay');
  await mesh.advance(200);
  return mesh;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** The most that fell into any half-open second. */
function inAnySecond(timesMs: readonly number[]): number {
  return Math.max(
    ...timesMs.map((start) => timesMs.filter((at) => at >= start && at < start + 1_000).length),
  );
}
