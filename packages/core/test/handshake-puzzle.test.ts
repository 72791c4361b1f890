import { beforeAll, expect, test } from '@jest/globals';
import { sha256, xWing } from '@yakmesh/crypto';
import type { CryptoJobs } from '../src/crypto-job.js';
import { decodeChallenge, encodeChallenge, type Hello } from '../src/handshake/messages.js';
import { PUZZLE_BITS_MAX, PuzzleIssuer, PuzzleSolver } from '../src/handshake/puzzle.js';
import { SeededRandom } from '../src/testing/seeded-random.js';
import {
  handshake,
  initiatorOf,
  NOW_MS,
  puzzlesOf,
  responderOf,
  type Wire,
} from './support/handshake-pair.js';
import { party, type Party } from './support/parties.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

const BITS = 8;
const MINUTE_MS = 60_000;

function solve(seed: Uint8Array, session: Uint8Array, key: Uint8Array, bits = BITS): Uint8Array {
  const solver = new PuzzleSolver(seed, session, sha256(key), bits);
  for (;;) {
    const solution = solver.work(256);
    if (solution !== undefined) return solution;
  }
}

function helloWith(puzzle: Uint8Array, changes: Partial<Hello> = {}): Hello {
  return {
    suite: xWing.suite,
    networkPrefix: new Uint8Array(8),
    session: new Uint8Array(16).fill(1),
    nonce: new Uint8Array(32),
    encapsulationKey: new Uint8Array(xWing.publicKeyBytes).fill(2),
    puzzle,
    ...changes,
  };
}

/** An issuer, and a HELLO that solves its challenge. */
function solved(scope = '192.0.2.1'): { issuer: PuzzleIssuer; hello: Hello } {
  const issuer = puzzlesOf(BITS);
  const { seed } = issuer.issue(scope, BITS, NOW_MS);
  const empty = helloWith(new Uint8Array(40));
  return { issuer, hello: helloWith(solve(seed, empty.session, empty.encapsulationKey)) };
}

test('under load a HELLO is answered with a CHALLENGE of 60 bytes, and its solution opens the handshake', async () => {
  const { sent, initiator, responder } = await handshake(
    initiatorOf(a),
    responderOf(b, { puzzles: puzzlesOf(BITS) }),
    { initiator: a.jobs, responder: b.jobs },
  );
  expect(sent.map(({ bytes }) => bytes.length)).toEqual([1_320, 60, 1_320, 7_001, 5_397]);
  expect(initiator.outcome?.nodeId).toBe(b.self.nodeId);
  expect(responder.outcome?.nodeId).toBe(a.self.nodeId);
});

test('the second HELLO differs from the first in its 40 bytes of solution only', async () => {
  const { sent } = await handshake(initiatorOf(a), responderOf(b, { puzzles: puzzlesOf(BITS) }), {
    initiator: a.jobs,
    responder: b.jobs,
  });
  const [first, , second] = sent.map(({ bytes }) => bytes);
  expect(first?.slice(1_280)).toEqual(new Uint8Array(40));
  expect(second?.slice(0, 1_280)).toEqual(first?.slice(0, 1_280));
  expect(second?.slice(1_280)).not.toEqual(first?.slice(1_280));
});

test('no KEM and no signature are spent before the puzzle is solved', async () => {
  const jobs: string[] = [];
  const counting: CryptoJobs = (job, signal) => {
    jobs.push(job.type);
    return b.jobs(job, signal);
  };
  const unsolved: Wire = ({ bytes, from }) => (from === 'responder' ? undefined : bytes);
  const responder = responderOf(b, { puzzles: puzzlesOf(BITS) });
  await handshake(initiatorOf(a), responder, { initiator: a.jobs, responder: counting }, unsolved);
  expect(jobs).toEqual([]);
});

test('a HELLO that answers a CHALLENGE without solving it is refused with PUZZLE on both sides', async () => {
  const { initiator, responder } = await handshake(
    initiatorOf(a),
    responderOf(b, { puzzles: puzzlesOf(16) }),
    { initiator: a.jobs, responder: b.jobs },
    ({ bytes }, index) => {
      if (index !== 2) return bytes;
      const changed = bytes.slice();
      changed.fill(0, 1_280);
      return changed;
    },
  );
  expect([initiator.code, responder.code]).toEqual(['MESH_PUZZLE', 'MESH_PUZZLE']);
});

test('a client refuses to work on more than 20 bits', async () => {
  const wire: Wire = ({ bytes }, index) => {
    const challenge = index === 1 ? decodeChallenge(bytes) : undefined;
    return challenge === undefined ? bytes : encodeChallenge({ ...challenge, bits: PUZZLE_BITS_MAX + 1 });
  };
  const { initiator } = await handshake(
    initiatorOf(a),
    responderOf(b, { puzzles: puzzlesOf(BITS) }),
    { initiator: a.jobs, responder: b.jobs },
    wire,
  );
  expect(initiator.code).toBe('MESH_PUZZLE');
});

test('a second CHALLENGE, another session’s, and one of another shape are not worked on', async () => {
  const changes = [
    (bytes: Uint8Array) => [bytes, bytes],
    (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at === 8 ? byte ^ 1 : byte)),
    (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at === 57 ? 4 : byte)),
    (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at === 56 ? 3 : byte)),
  ];
  for (const change of changes) {
    const { initiator } = await handshake(
      initiatorOf(a),
      responderOf(b, { puzzles: puzzlesOf(BITS) }),
      { initiator: a.jobs, responder: b.jobs },
      ({ bytes }, index) => (index === 1 ? change(bytes) : bytes),
    );
    expect(['LINK_BAD_MESSAGE', 'LINK_UNEXPECTED']).toContain(initiator.code);
  }
});

test('a solution holds in its minute and the next, and no longer', () => {
  for (const [laterMs, holds] of [
    [0, true],
    [MINUTE_MS, true],
    [2 * MINUTE_MS, false],
  ] as const) {
    const { issuer, hello } = solved();
    expect(issuer.check('192.0.2.1', hello, BITS, NOW_MS + laterMs)).toBe(holds);
  }
});

test('a solution is good for one use, also after the sets have turned', () => {
  const { issuer, hello } = solved();
  expect(issuer.check('192.0.2.1', hello, BITS, NOW_MS)).toBe(true);
  expect(issuer.check('192.0.2.1', hello, BITS, NOW_MS)).toBe(false);
  expect(issuer.check('192.0.2.1', hello, BITS, NOW_MS + MINUTE_MS)).toBe(false);
});

test.each([
  { what: 'address', scope: '192.0.2.2', changes: {} },
  { what: 'session id', scope: '192.0.2.1', changes: { session: new Uint8Array(16).fill(9) } },
  {
    what: 'encapsulation key',
    scope: '192.0.2.1',
    changes: { encapsulationKey: new Uint8Array(xWing.publicKeyBytes).fill(9) },
  },
])('a solution is bound to its $what', ({ scope, changes }) => {
  // Of eight sub-puzzles of 5 bits a false one passes once in 2^40.
  const { issuer, hello } = solved();
  expect(issuer.check(scope, { ...hello, ...changes }, BITS, NOW_MS)).toBe(false);
});

test('a solution of an easier puzzle than was demanded is refused', () => {
  const issuer = puzzlesOf(16);
  const { seed } = issuer.issue('192.0.2.1', 16, NOW_MS);
  const empty = helloWith(new Uint8Array(40));
  const hello = helloWith(solve(seed, empty.session, empty.encapsulationKey, 4));
  expect(issuer.check('192.0.2.1', hello, 16, NOW_MS)).toBe(false);
});

test('an honest solution stays good when the difficulty rises or falls meanwhile', async () => {
  for (const [before, after] of [
    [6, 12],
    [12, 6],
    [6, 0],
  ] as const) {
    let bits: number = before;
    const puzzles = new PuzzleIssuer({ random: new SeededRandom('rising'), bits: () => bits });
    const other = responderOf(b, { puzzles });
    const { initiator, responder } = await handshake(
      initiatorOf(a),
      responderOf(b, { puzzles }),
      { initiator: a.jobs, responder: b.jobs },
      ({ bytes, from }, index) => {
        // While the client solves, the load changes and someone else is challenged.
        if (from === 'responder' && index === 1) bits = after;
        if (index === 2) other.receive(bytes.slice(), NOW_MS);
        return bytes;
      },
    );
    expect([initiator.code, responder.code]).toEqual([undefined, undefined]);
  }
});

test('seeds differ by secret, scope, minute and difficulty', () => {
  const issuer = puzzlesOf(BITS);
  const other = puzzlesOf(BITS, new SeededRandom('another node'));
  const seeds = [
    issuer.issue('192.0.2.1', 8, NOW_MS),
    issuer.issue('192.0.2.2', 8, NOW_MS),
    issuer.issue('192.0.2.1', 9, NOW_MS),
    issuer.issue('192.0.2.1', 8, NOW_MS + MINUTE_MS),
    other.issue('192.0.2.1', 8, NOW_MS),
  ].map(({ seed }) => seed.join());
  expect(new Set(seeds).size).toBe(seeds.length);
});

test('the difficulty demanded stays between 4 and 20 bits, and 0 demands none', () => {
  expect([-1, 0, 1, 4, 18, 99].map((bits) => puzzlesOf(bits).bitsDemanded(NOW_MS))).toEqual([
    0, 0, 4, 4, 18, 20,
  ]);
});
