import { decodeChallenge, type Challenge } from '../../../handshake/messages.js';
import type { Attack } from '../attack.js';
import { answerName } from '../answers.js';
import type { HandshakeAttacker } from '../handshake-attacker.js';
import type { HostileWorld } from '../hostile-world.js';
import type { RawAttacker } from '../raw-attacker-node.js';

const BITS = 10;

interface Challenged {
  readonly raw: RawAttacker;
  readonly handshake: HandshakeAttacker;
  readonly challenge: Challenge;
}

/** A stranger that has been asked to solve a puzzle. */
async function challenged(world: HostileWorld, hello?: Uint8Array): Promise<Challenged> {
  const raw = await world.raw();
  const handshake = await world.handshake();
  raw.send(hello ?? (await handshake.hello()));
  const challenge = decodeChallenge((await raw.next()) ?? new Uint8Array(0));
  if (challenge === undefined) throw new RangeError('there is no CHALLENGE');
  return { raw, handshake, challenge };
}

async function answerTo(raw: RawAttacker, hello: Uint8Array): Promise<string> {
  raw.send(hello);
  return answerName(await raw.next());
}

/** Ways around the work that a victim under load demands. */
export const puzzleAttacks: readonly Attack[] = [
  {
    trap: 'D4',
    title: 'a wrong solution, and one for an easier puzzle, are refused; a true one gets in',
    puzzleBits: BITS,
    run: async (world, expect) => {
      const wrong = await challenged(world);
      expect(wrong.challenge.bits).toBe(BITS);
      expect(await answerTo(wrong.raw, await wrong.handshake.hello())).toBe('PUZZLE');
      const easy = await challenged(world);
      const puzzle = await easy.handshake.solve(easy.challenge, 4);
      expect(await answerTo(easy.raw, await easy.handshake.hello({ puzzle }))).toBe('PUZZLE');
      const honest = await challenged(world);
      const solution = await honest.handshake.solve(honest.challenge);
      expect(await answerTo(honest.raw, await honest.handshake.hello({ puzzle: solution }))).toBe('WELCOME');
      expect(await world.refused(2)).toEqual(['MESH_PUZZLE', 'MESH_PUZZLE']);
    },
  },
  {
    trap: 'D4',
    title: 'a solution is good once: the same HELLO is challenged again, and its solution refused',
    puzzleBits: BITS,
    run: async (world, expect) => {
      const { raw, handshake, challenge } = await challenged(world);
      const hello = await handshake.hello({ puzzle: await handshake.solve(challenge) });
      expect(await answerTo(raw, hello)).toBe('WELCOME');
      const again = await challenged(world, hello);
      expect(await answerTo(again.raw, hello)).toBe('PUZZLE');
    },
  },
  {
    trap: 'D4',
    title: 'a solution made in advance, or for another address or session, is refused',
    puzzleBits: BITS,
    run: async (world, expect) => {
      const mine = await challenged(world);
      const solution = await mine.handshake.solve(mine.challenge);
      // Lent to a neighbour, whose address has another seed.
      const lent = await mine.handshake.hello({ puzzle: solution });
      const other = await challenged(world, lent);
      expect(await answerTo(other.raw, lent)).toBe('PUZZLE');
      // Used for another session at the same address.
      const session = await mine.handshake.hello({ puzzle: solution, session: new Uint8Array(16).fill(7) });
      expect(await answerTo(mine.raw, session)).toBe('PUZZLE');
      // Made for a seed that the attacker chose.
      const own = await world.handshake();
      const invented = { ...mine.challenge, seed: new Uint8Array(32) };
      const early = await own.hello({ puzzle: await own.solve(invented) });
      const precomputed = await challenged(world, early);
      expect(await answerTo(precomputed.raw, early)).toBe('PUZZLE');
    },
  },
];
