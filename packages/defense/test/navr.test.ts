import { afterAll, expect, test } from '@jest/globals';
import { systemRandom } from '@yakmesh/core/transport';
import { bytesToHex, CryptoPool, HashPuzzleSolver, hexToBytes } from '@yakmesh/crypto';
import fc from 'fast-check';
import { claimBytes, puzzlePrefix, type NavrChallenge } from '../src/navr-challenge.js';
import { NavrMinutes, NAVR_USED_MAX } from '../src/navr-minutes.js';
import { NAVR } from '../src/navr.js';
import { takeVerified } from '../src/verified-solutions.js';

const MINUTE_MS = 60_000;
const NOW_MS = 30_000_000 * MINUTE_MS;
const DIFFICULTY = 8;

const pool = new CryptoPool({ provider: 'noble', workers: 1 });
const client = new NAVR({ pool });
afterAll(() => pool.close());

function solve(challenge: NavrChallenge, difficulty = challenge.difficulty): Uint8Array {
  const prefix = puzzlePrefix(claimBytes(challenge), hexToBytes(challenge.seed));
  return new HashPuzzleSolver(prefix, difficulty).work(10_000_000) ?? new Uint8Array(40);
}

/** A server, its challenge for alice at 192.0.2.1, and the solution. */
function solved(): { navr: NAVR; challenge: NavrChallenge; solution: Uint8Array } {
  const navr = new NAVR({ difficulty: DIFFICULTY });
  const challenge = navr.createChallenge('alice', { scope: '192.0.2.1' }, NOW_MS);
  return { navr, challenge, solution: solve(challenge) };
}

test('as the page has it: a challenge is made, solved off the event loop, and verified', async () => {
  const navr = new NAVR({ difficulty: 10 });
  const challenge = navr.createChallenge('peer');
  const solution = await client.solve(challenge);
  const verified = navr.verify(challenge, solution);
  expect(verified).toBe(true);
});

test('D4: nothing can be computed before the challenge exists: seeds are drawn afresh', () => {
  const navr = new NAVR({ difficulty: DIFFICULTY });
  const [one, two] = [navr.createChallenge('alice', {}, NOW_MS), navr.createChallenge('alice', {}, NOW_MS)];
  expect(one.seed).not.toBe(two.seed);
  expect(navr.verify(two, solve(one), {}, NOW_MS)).toBe(false);
  // Knowing all but the secret, an attacker makes up a challenge of its own, and solves that.
  const made = { ...one, nonce: '11'.repeat(16) };
  expect(navr.explain(made, solve(made), {}, NOW_MS)).toMatchObject({ code: 'NAVR_NOT_OURS' });
  const guessed = { ...one, seed: '00'.repeat(32) };
  expect(navr.verify(guessed, solve(guessed), {}, NOW_MS)).toBe(false);
});

test('D4: a solution is of no use to another peer', () => {
  const { navr, challenge, solution } = solved();
  expect(navr.verify({ ...challenge, peerId: 'bob' }, solution, {}, NOW_MS)).toBe(false);
  expect(navr.explain(challenge, solution, { peerId: 'bob' }, NOW_MS)).toMatchObject({
    code: 'NAVR_OTHER_PEER',
  });
  expect(navr.verify(challenge, solution, { peerId: 'bob' }, NOW_MS)).toBe(false);
  expect(navr.verify(challenge, solution, { peerId: 'alice' }, NOW_MS)).toBe(true);
  expect(takeVerified('bob', solution, NOW_MS)).toBe(false);
  expect(takeVerified('alice', solution, NOW_MS)).toBe(true);
});

test('D4: a solution is of no use at another address', () => {
  const { navr, challenge, solution } = solved();
  expect(navr.verify({ ...challenge, scope: '192.0.2.2' }, solution, {}, NOW_MS)).toBe(false);
  expect(navr.explain(challenge, solution, { scope: '192.0.2.2' }, NOW_MS)).toMatchObject({
    code: 'NAVR_OTHER_SCOPE',
  });
  expect(navr.verify(challenge, solution, { scope: '192.0.2.1' }, NOW_MS)).toBe(true);
});

test('D4: name and scope cannot trade characters', () => {
  const navr = new NAVR({ difficulty: 4 });
  const challenge = navr.createChallenge('ab', { scope: 'c' }, NOW_MS);
  const moved = { ...challenge, peerId: 'a', scope: 'bc' };
  expect(navr.explain(moved, solve(moved), {}, NOW_MS)).toMatchObject({ code: 'NAVR_NOT_OURS' });
});

test('D4: a solution is taken once, also in the next minute and through JSON', () => {
  const { navr, challenge, solution } = solved();
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(false);
  const copy = JSON.parse(JSON.stringify(challenge)) as NavrChallenge;
  expect(navr.verify(copy, solution.slice(), {}, NOW_MS + MINUTE_MS)).toBe(false);
  expect(navr.explain(challenge, solution, {}, NOW_MS)).toMatchObject({ code: 'NAVR_USED' });
});

test('D4: a second solution of a used challenge is refused too', () => {
  const { navr, challenge, solution } = solved();
  const prefix = puzzlePrefix(claimBytes(challenge), hexToBytes(challenge.seed));
  const other =
    new HashPuzzleSolver(prefix, DIFFICULTY, { solved: 7, candidate: 1_000_000, solution }).work(100_000) ??
    solution;
  expect(other).not.toEqual(solution);
  expect(navr.explain(challenge, other, {}, NOW_MS)).toEqual({ valid: true });
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
  expect(navr.verify(challenge, other, {}, NOW_MS)).toBe(false);
});

test('D4: the difficulty is the verifier’s: a challenge made easier is refused', () => {
  const navr = new NAVR({ difficulty: 16 });
  const challenge = navr.createChallenge('alice', {}, NOW_MS);
  const easier = { ...challenge, difficulty: 4 };
  expect(navr.explain(easier, solve(easier), {}, NOW_MS)).toMatchObject({ code: 'NAVR_NOT_OURS' });
  expect(navr.verify(challenge, solve(challenge, 4), {}, NOW_MS)).toBe(false);
});

test('D4: a solution of another server’s challenge is refused', () => {
  const { challenge, solution } = solved();
  const other = new NAVR({ difficulty: DIFFICULTY });
  other.createChallenge('alice', { scope: '192.0.2.1' }, NOW_MS);
  expect(other.explain(challenge, solution, {}, NOW_MS)).toMatchObject({ code: 'NAVR_NOT_OURS' });
});

test('D4: a challenge is good in its minute and the next, and no longer', () => {
  for (const [laterMs, isGood] of [
    [0, true],
    [MINUTE_MS - 1, true],
    [2 * MINUTE_MS - 1, true],
    [2 * MINUTE_MS, false],
    [1_000 * MINUTE_MS, false],
  ] as const) {
    const { navr, challenge, solution } = solved();
    expect(navr.verify(challenge, solution, {}, NOW_MS + laterMs)).toBe(isGood);
  }
});

test('D4: a challenge that says it is of the future is refused', () => {
  const { navr, challenge } = solved();
  const later = { ...challenge, minute: challenge.minute + 1 };
  expect(navr.explain(later, solve(later), {}, NOW_MS)).toMatchObject({ code: 'NAVR_EXPIRED' });
  expect(navr.explain(later, solve(later), {}, NOW_MS + MINUTE_MS)).toMatchObject({ code: 'NAVR_NOT_OURS' });
});

test('D4: a timer goes on ticking while a challenge is solved', async () => {
  const challenge = new NAVR({ difficulty: 18 }).createChallenge('alice');
  let longestMs = 0;
  let lastMs = performance.now();
  let ticks = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    ticks += 1;
  }, 1);
  await client.solve(challenge);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(50);
});

test('D4: a peer that says it solved something has nothing: the solution must fit', () => {
  const { navr, challenge, solution } = solved();
  const damaged = fc.tuple(fc.nat({ max: 39 }), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(damaged, ([at, change]) => {
      const wrong = solution.slice();
      wrong[at] = (wrong[at] ?? 0) ^ change;
      // One in 32 fits by chance: another number for one part of five bits.
      const verdict = navr.explain(challenge, wrong, {}, NOW_MS);
      expect([undefined, 'NAVR_BAD_SOLUTION']).toContain(verdict.code);
    }),
  );
  expect(navr.verify(challenge, new Uint8Array(40), {}, NOW_MS)).toBe(false);
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
});

test('any change of what a challenge says makes it another one', () => {
  const { navr, challenge, solution } = solved();
  const hexDigit = fc.nat({ max: 15 }).map((digit) => digit.toString(16));
  const changes = fc.oneof(
    fc.record({ peerId: fc.string({ minLength: 1, maxLength: 20 }) }),
    fc.record({ scope: fc.string({ maxLength: 20 }) }),
    fc.record({ difficulty: fc.integer({ min: 4, max: 28 }) }),
    fc.record({ minute: fc.nat() }),
    hexDigit.map((digit) => ({ nonce: digit + challenge.nonce.slice(1) })),
    hexDigit.map((digit) => ({ seed: digit + challenge.seed.slice(1) })),
  );
  fc.assert(
    fc.property(changes, (change) => {
      const changed = { ...challenge, ...change };
      fc.pre(JSON.stringify(changed) !== JSON.stringify(challenge));
      expect(navr.verify(changed, solution, {}, NOW_MS)).toBe(false);
    }),
  );
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
});

test('verify answers false, a primitive, for whatever is no challenge or no solution', () => {
  const { navr, challenge, solution } = solved();
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (one, other) => {
      expect(navr.verify(one as NavrChallenge, solution, {}, NOW_MS)).toBe(false);
      expect(navr.verify(challenge, other as Uint8Array, {}, NOW_MS)).toBe(false);
      expect(navr.verify(one as NavrChallenge, other as Uint8Array, {}, NOW_MS)).toBe(false);
    }),
  );
});

test('explaining uses nothing up', () => {
  const { navr, challenge, solution } = solved();
  expect(navr.explain(challenge, solution, {}, NOW_MS)).toEqual({ valid: true });
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
});

test('reasons are sentences that quote nothing of the challenge', () => {
  const navr = new NAVR();
  const made = navr.createChallenge('peer-7f3a', { scope: 'scope-91cc' }, NOW_MS);
  for (const challenge of [made, { ...made, peerId: 'other' }, { ...made, minute: 1 }, undefined]) {
    const { reason } = navr.explain(challenge as NavrChallenge, new Uint8Array(40), {}, NOW_MS);
    expect(reason).toMatch(/^[A-Z][^0-9]*\.$/);
    expect(reason).not.toContain(made.seed);
  }
});

test('a challenge and the object itself show no secret', () => {
  const secret = new Uint8Array(32).fill(0xab);
  const random = {
    bytes: (length: number) => secret.slice(0, length),
    u32: () => 0,
    below: () => 0,
    unit: () => 0,
  };
  const navr = new NAVR({ difficulty: 4, random });
  const challenge = navr.createChallenge('alice', {}, NOW_MS);
  expect(challenge.seed).not.toContain('abab');
  expect(JSON.stringify(navr)).toBe('{}');
  expect(Object.keys(challenge).sort()).toEqual(['difficulty', 'minute', 'nonce', 'peerId', 'scope', 'seed']);
});

test('a full set renews its minute’s secret: no use is forgotten, and new challenges work', () => {
  const minutes = new NavrMinutes(systemRandom);
  const minute = minutes.current(NOW_MS);
  const secret = bytesToHex(minute.secret);
  for (let count = 0; count < NAVR_USED_MAX - 1; count += 1) minutes.use(minute, String(count));
  expect(minutes.current(NOW_MS)).toBe(minute);
  minutes.use(minute, 'last');
  const renewed = minutes.open(minute.minute, NOW_MS);
  expect(renewed?.secret.length).toBe(32);
  expect(renewed?.secret).not.toEqual(hexToBytes(secret));
  expect(minute.secret).toEqual(new Uint8Array(32));
  expect(minutes.current(NOW_MS)).toBe(renewed);
});

test('a full set of the last minute ends that minute', () => {
  const minutes = new NavrMinutes(systemRandom);
  const minute = minutes.current(NOW_MS);
  minutes.current(NOW_MS + MINUTE_MS);
  for (let count = 0; count < NAVR_USED_MAX; count += 1) minutes.use(minute, String(count));
  expect(minutes.open(minute.minute, NOW_MS + MINUTE_MS)).toBeUndefined();
  expect(minutes.open(minute.minute + 1, NOW_MS + MINUTE_MS)).toBeDefined();
});

test('secrets are wiped when their minutes are over', () => {
  const minutes = new NavrMinutes(systemRandom);
  const [first, second] = [minutes.current(NOW_MS), minutes.current(NOW_MS + MINUTE_MS)];
  const wiped: Uint8Array = new Uint8Array(32);
  expect([first.secret, second.secret]).not.toContainEqual(wiped);
  minutes.current(NOW_MS + 2 * MINUTE_MS);
  expect(first.secret).toEqual(wiped);
  minutes.current(NOW_MS + 9 * MINUTE_MS);
  expect(second.secret).toEqual(wiped);
});

test('a clock that goes back forgets no use: by a moment challenges stay good, by more they are void', () => {
  const { navr, challenge, solution } = solved();
  const other = navr.createChallenge('bob', {}, NOW_MS);
  expect(navr.verify(other, solve(other), {}, NOW_MS - 1)).toBe(true);
  expect(navr.verify(challenge, solution, {}, NOW_MS - 1)).toBe(true);
  // Far ahead, so that both sets are gone, and back again.
  expect(navr.verify(challenge, solution, {}, NOW_MS + 1_000 * MINUTE_MS)).toBe(false);
  expect(navr.verify(challenge, solution, {}, NOW_MS)).toBe(false);
  const again = navr.createChallenge('alice', {}, NOW_MS);
  expect(navr.verify(again, solve(again), {}, NOW_MS)).toBe(true);
});

test('whatever the clock does, a challenge is accepted once at most', () => {
  const jumps = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 20 });
  fc.assert(
    fc.property(jumps, (minutes) => {
      const { navr, challenge, solution } = solved();
      let accepted = 0;
      let nowMs = NOW_MS;
      for (const jump of [0, ...minutes]) {
        nowMs += jump * MINUTE_MS;
        if (navr.verify(challenge, solution, {}, nowMs)) accepted += 1;
      }
      expect(accepted).toBe(1);
    }),
  );
});

test('the difficulty follows its setter and its function, within bounds', () => {
  const navr = new NAVR();
  expect(navr.difficulty).toBe(16);
  const before = navr.createChallenge('alice', {}, NOW_MS);
  navr.difficulty = 6;
  const after = navr.createChallenge('alice', {}, NOW_MS);
  expect([before.difficulty, after.difficulty]).toEqual([16, 6]);
  expect(navr.verify(before, solve(before), {}, NOW_MS)).toBe(true);
  expect(navr.verify(after, solve(after), {}, NOW_MS)).toBe(true);
  const answers = [0, 4, 17.2, 99, Number.NaN];
  navr.difficulty = () => answers.shift() ?? 5;
  expect([1, 2, 3, 4, 5, 6].map(() => navr.difficulty)).toEqual([4, 4, 18, 28, 16, 5]);
});

test.each([
  [{ difficulty: 0 }],
  [{ difficulty: 29 }],
  [{ difficulty: 16.5 }],
  [{ difficulty: '16' }],
  [{ maxDifficulty: 3 }],
  [{ maxDifficulty: 29 }],
  [{ pool: {} }],
  [{ dificulty: 16 }],
])('%j is no option', (options) => {
  expect(() => new NAVR(options as object)).toThrow(expect.objectContaining({ code: 'DEFENSE_BAD_OPTION' }));
});

test.each([
  ['an empty name', '', undefined],
  ['a name too long', 'é'.repeat(128), undefined],
  ['a name with half a character', '\udc00', undefined],
  ['a scope too long', 'alice', 's'.repeat(256)],
])('for %s no challenge is made', (_, peerId, scope) => {
  const options = scope === undefined ? {} : { scope };
  expect(() => new NAVR().createChallenge(peerId, options)).toThrow(
    expect.objectContaining({ code: 'DEFENSE_BAD_ARGUMENT' }),
  );
});

test('solving tells its progress up to 1', async () => {
  const told: number[] = [];
  const challenge = new NAVR({ difficulty: 12 }).createChallenge('alice');
  await client.solve(challenge, { onProgress: (progress) => told.push(progress) });
  expect(told.at(-1)).toBe(1);
});

test('a signal stops solving with its reason', async () => {
  const challenge = new NAVR({ difficulty: 28 }).createChallenge('alice');
  const patient = new NAVR({ pool, maxDifficulty: 28 });
  const controller = new AbortController();
  const { signal } = controller;
  const run = patient.solve(challenge, { signal });
  controller.abort(new Error('enough'));
  await expect(run).rejects.toThrow('enough');
  await expect(patient.solve(challenge, { signal })).rejects.toThrow('enough');
});

test('a client works neither on what is too hard, nor on what is no challenge, nor for others', async () => {
  const navr = new NAVR({ difficulty: 21 });
  const hard = navr.createChallenge('alice');
  await expect(client.solve(hard)).rejects.toMatchObject({ name: 'DefenseError', code: 'NAVR_TOO_HARD' });
  const damaged = { ...hard, seed: 'seed' };
  await expect(client.solve(damaged)).rejects.toMatchObject({ code: 'NAVR_BAD_CHALLENGE' });
  navr.difficulty = 4;
  const other = navr.createChallenge('alice');
  await expect(client.solve(other, { peerId: 'bob' })).rejects.toMatchObject({ code: 'NAVR_OTHER_PEER' });
  expect(navr.verify(other, await client.solve(other, { peerId: 'alice' }))).toBe(true);
});

test('a challenge passed on under another name cannot be solved for its owner', () => {
  const navr = new NAVR({ difficulty: DIFFICULTY });
  const mine = navr.createChallenge('mallory', {}, NOW_MS);
  // The dupe checks that the challenge names itself, so mallory renames it before handing it on.
  const solution = solve({ ...mine, peerId: 'dupe' });
  expect(navr.verify(mine, solution, {}, NOW_MS)).toBe(false);
});

test('a closed NAVR solves nothing more, voids its challenges, and closes only its own pool', async () => {
  const navr = new NAVR({ difficulty: 6 });
  const challenge = navr.createChallenge('alice');
  const solution = await navr.solve(challenge);
  await navr.close();
  await navr.close();
  await expect(navr.solve(challenge)).rejects.toMatchObject({ code: 'NAVR_CLOSED' });
  expect(navr.verify(challenge, solution)).toBe(false);
  const sharing = new NAVR({ pool });
  await sharing.close();
  expect(await pool.solvePuzzle(new Uint8Array(1), 4)).toHaveLength(40);
});

test('a misspelt claim is refused at once, for it would compare nothing', async () => {
  const { navr, challenge, solution } = solved();
  const misspelt = { peer: 'alice' } as object;
  const unknown = /Unknown option "peer"/;
  expect(() => navr.createChallenge('alice', misspelt)).toThrow(unknown);
  expect(() => navr.verify(challenge, solution, misspelt, NOW_MS)).toThrow(unknown);
  expect(() => navr.explain(challenge, solution, misspelt, NOW_MS)).toThrow(unknown);
  await expect(navr.solve(challenge, misspelt)).rejects.toThrow(unknown);
});
