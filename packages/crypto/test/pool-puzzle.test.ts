import { afterAll, expect, test } from '@jest/globals';
import { CryptoPool, Identity, randomBytes, solvesHashPuzzle, utf8ToBytes } from '../src/index.js';
import { PUZZLES_MAX } from '../src/pool.js';
import { PUZZLE_PROGRESS_MIN_MS, solveInSlices } from '../src/puzzle-run.js';
import { PUZZLE_SLICE_MS, workSlice } from '../src/puzzle-slice.js';

/** Minutes of work: it ends when it is told to. */
const ENDLESS_BITS = 28;
const BITS = 12;
const context = utf8ToBytes('test/1');
const message = utf8ToBytes('message');
const identity = await Identity.generate();

const crewed = new CryptoPool({ provider: 'noble', workers: 1 });
const local = new CryptoPool({ provider: 'noble', workers: 0 });
afterAll(() => Promise.all([crewed.close(), local.close()]));
const pools = [
  { where: 'a worker', pool: crewed },
  { where: 'this thread', pool: local },
];

/** A puzzle that runs until it is stopped. */
function endless(pool: CryptoPool): { stop: () => Promise<void> } {
  const controller = new AbortController();
  const run = pool.solvePuzzle(randomBytes(32), ENDLESS_BITS, { signal: controller.signal });
  const ended = run.then(
    () => undefined,
    () => undefined,
  );
  return {
    stop: () => {
      controller.abort();
      return ended;
    },
  };
}

/** Turns of the event loop's timers while the work lasts. */
async function ticksDuring(work: Promise<unknown>): Promise<number> {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await work;
  clearInterval(timer);
  return ticks;
}

test.each(pools)('in $where a puzzle is solved', async ({ pool }) => {
  const prefix = randomBytes(32);
  const solution = await pool.solvePuzzle(prefix, BITS);
  expect(solvesHashPuzzle(prefix, BITS, solution)).toBe(true);
});

test.each(pools)('in $where a signature overtakes an endless puzzle', async ({ pool }) => {
  const puzzle = endless(pool);
  const signatures = [1, 2, 3].map(() => pool.sign(identity, message, { context }));
  for (const signature of await Promise.all(signatures)) expect(signature).toHaveLength(3309);
  await puzzle.stop();
});

test.each(pools)('in $where a small puzzle is solved beside an endless one', async ({ pool }) => {
  const puzzle = endless(pool);
  expect(await pool.solvePuzzle(randomBytes(32), BITS)).toHaveLength(40);
  await puzzle.stop();
});

test.each(pools)('in $where a timer goes on ticking while a puzzle is solved', async ({ pool }) => {
  await pool.solvePuzzle(randomBytes(32), 4); // Starts what starts late.
  const startMs = performance.now();
  const ticks = await ticksDuring(pool.solvePuzzle(randomBytes(32), 18));
  const elapsedMs = performance.now() - startMs;
  // A quarter of what is due, for a machine that is busy with others.
  expect(ticks).toBeGreaterThanOrEqual(Math.floor(elapsedMs / PUZZLE_SLICE_MS / 4));
});

test.each(pools)(
  'in $where a signal stops a puzzle with its reason, before and while it runs',
  async ({ pool }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const run = pool.solvePuzzle(randomBytes(32), ENDLESS_BITS, { signal });
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 20);
    await expect(run).rejects.toThrow('enough');
    await expect(pool.solvePuzzle(randomBytes(32), BITS, { signal })).rejects.toThrow('enough');
    expect(await pool.solvePuzzle(randomBytes(32), BITS)).toHaveLength(40);
  },
);

test.each([1, 0])('closing a pool with %p workers rejects its puzzles with a code', async (workers) => {
  const pool = new CryptoPool({ provider: 'noble', workers });
  const outcomes = Promise.allSettled([1, 2, 3].map(() => pool.solvePuzzle(randomBytes(32), ENDLESS_BITS)));
  await pool.sign(identity, message, { context });
  await pool.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CRYPTO_POOL_CLOSED' } });
  }
  const late = pool.solvePuzzle(randomBytes(32), BITS);
  await expect(late).rejects.toMatchObject({ code: 'CRYPTO_POOL_CLOSED' });
});

test('one puzzle too many is refused with a code, and room comes back', async () => {
  const puzzles = Array.from({ length: PUZZLES_MAX }, () => endless(local));
  await expect(local.solvePuzzle(randomBytes(32), BITS)).rejects.toMatchObject({ code: 'CRYPTO_POOL_FULL' });
  await Promise.all(puzzles.map(({ stop }) => stop()));
  expect(await local.solvePuzzle(randomBytes(32), BITS)).toHaveLength(40);
});

test('a full queue of signatures leaves puzzles alone', async () => {
  const pool = new CryptoPool({ provider: 'noble', workers: 0, queueMax: 1 });
  await pool.ready();
  const signatures = [1, 2].map(() => pool.sign(identity, message, { context }));
  expect(await pool.solvePuzzle(randomBytes(32), BITS)).toHaveLength(40);
  await Promise.all(signatures);
  await pool.close();
});

test('progress rises to 1 and is told at most 20 times a second', async () => {
  const told: { progress: number; atMs: number }[] = [];
  await local.solvePuzzle(randomBytes(32), 18, {
    onProgress: (progress) => told.push({ progress, atMs: performance.now() }),
  });
  const values = told.map(({ progress }) => progress);
  expect(values.at(-1)).toBe(1);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  const gaps = told.slice(1, -1).map(({ atMs }, i) => atMs - (told[i]?.atMs ?? 0));
  for (const gapMs of gaps) expect(gapMs).toBeGreaterThan(PUZZLE_PROGRESS_MIN_MS - 1);
});

test('what a listener of progress throws rejects its puzzle alone', async () => {
  const run = local.solvePuzzle(randomBytes(32), 4, {
    onProgress: () => {
      throw new Error('no screen');
    },
  });
  await expect(run).rejects.toThrow('no screen');
  expect(await local.solvePuzzle(randomBytes(32), 4)).toHaveLength(40);
});

test('a slice lasts no longer than its time, and the next one goes on', async () => {
  const prefix = randomBytes(32);
  const startMs = performance.now();
  const slice = workSlice({ prefix, bits: ENDLESS_BITS, position: undefined });
  expect(performance.now() - startMs).toBeLessThan(PUZZLE_SLICE_MS * 10);
  expect(slice.position.candidate + slice.position.solved).toBeGreaterThan(0);
  const solution = await solveInSlices(prefix, BITS, undefined, async (work) => workSlice(work));
  expect(solvesHashPuzzle(prefix, BITS, solution)).toBe(true);
});

test('the caller’s prefix may change while the puzzle is solved', async () => {
  const prefix = randomBytes(32);
  const run = local.solvePuzzle(prefix, BITS);
  const before = prefix.slice();
  prefix.fill(0);
  expect(solvesHashPuzzle(before, BITS, await run)).toBe(true);
});

test('a puzzle that cannot be is refused', async () => {
  await expect(local.solvePuzzle(randomBytes(32), 29)).rejects.toThrow(RangeError);
  await expect(local.solvePuzzle('prefix' as unknown as Uint8Array, BITS)).rejects.toThrow(TypeError);
});
