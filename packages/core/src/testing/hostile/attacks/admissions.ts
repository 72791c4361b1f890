import { decodeHeader, HandshakeType } from '../../../handshake/messages.js';
import { HALF_OPEN_PER_ADDRESS_MAX, UNPROVEN_MAX } from '../../../mesh/admission.js';
import type { Attack } from '../attack.js';
import type { HostileWorld } from '../hostile-world.js';
import { LinkAttacker } from '../link-attacker.js';
import type { RawAttacker } from '../raw-attacker-node.js';
import { answerName } from '../answers.js';

const PER_MINUTE = 5;
const BAN_MS = 800;
const MINUTE_MS = 60_000;
const LORIS_STEP_MS = 200;
/** The upgrade's time limit, and the interval at which it is looked after. */
const LORIS_WAIT_MS = 9_000;
/** From here on newcomers solve puzzles. */
const PUZZLE_FROM = 128;

/** Many WebSockets at once, each of another address. */
function crowd(world: HostileWorld, count: number): Promise<RawAttacker[]> {
  return Promise.all(Array.from({ length: count }, () => world.raw()));
}

/** What the victim answers to a HELLO from an address. */
async function greeting(world: HostileWorld, address: string): Promise<string> {
  const raw = await world.raw(address);
  raw.send(await (await world.handshake()).hello());
  return answerName(await raw.next());
}

/** The limits of coming in. */
export const admissionAttacks: readonly Attack[] = [
  {
    trap: 'D1',
    title: 'connections of one address beyond its limit are refused, then banned, and the ban ends',
    limits: { maxConnectionsPerMinute: PER_MINUTE, banThreshold: 3, banDuration: BAN_MS },
    run: async (world, expect) => {
      const address = world.address();
      const raws: RawAttacker[] = [];
      for (let count = 0; count < 8; count += 1) raws.push(await world.raw(address));
      // From the ban on connections are left waiting, so these come together.
      raws.push(...(await Promise.all(Array.from({ length: 12 }, () => world.raw(address)))));
      expect(raws.filter(({ isOpen }) => isOpen).length).toBe(PER_MINUTE);
      expect(raws.slice(PER_MINUTE).filter(({ end }) => end === undefined).length).toBe(0);
      expect(world.counter('GUARD_CONNECTIONS')).toBeGreaterThanOrEqual(1);
      expect(world.counter('GUARD_BANNED')).toBeGreaterThanOrEqual(1);
      await world.pass(BAN_MS + 100);
      const [banned, limited] = [world.counter('GUARD_BANNED'), world.counter('GUARD_CONNECTIONS')];
      const later = await world.raw(address);
      expect((await later.ended).status).toBe(429);
      expect([world.counter('GUARD_BANNED') - banned, world.counter('GUARD_CONNECTIONS') - limited]).toEqual([
        0, 1,
      ]);
    },
  },
  {
    trap: 'D1',
    title: 'a neighbour that comes and goes without end uses up its address’s connections',
    limits: { maxConnectionsPerMinute: PER_MINUTE, maxHandshakesPerMinute: 100 },
    run: async (world, expect) => {
      const address = world.address();
      for (let count = 0; count < PER_MINUTE; count += 1) {
        const link = await world.proven(undefined, {}, address);
        link.info();
        link.raw.terminate();
      }
      const raw = await world.raw(address);
      expect((await raw.ended).status).toBe(429);
    },
  },
  {
    trap: 'D5',
    title: 'new names do not wash an address clean: bad signatures under fresh identities end in its ban',
    limits: {
      maxConnectionsPerMinute: 100,
      maxHandshakesPerMinute: 100,
      banThreshold: 3,
      banDuration: MINUTE_MS,
    },
    run: async (world, expect) => {
      const address = world.address();
      let faults = 0;
      for (; faults < 10; faults += 1) {
        const raw = await world.raw(address);
        if (!raw.isOpen) break;
        const party = await world.party(world.stranger());
        const link = await LinkAttacker.over(raw, party, world.network, { solves: true });
        link.info();
        const batch = await world.batch(link, [{}]);
        link.send(batch.key, batch.head(0, new Uint8Array(3_309)));
        await link.ended;
      }
      expect(faults).toBeGreaterThanOrEqual(1);
      expect(faults).toBeLessThanOrEqual(5);
      expect(world.counter('GUARD_BANNED')).toBeGreaterThanOrEqual(1);
      expect((await world.raw()).isOpen).toBe(true);
    },
  },
  {
    trap: 'D1',
    title: 'handshakes of one address beyond its limit are told so, before any key operation',
    limits: { maxHandshakesPerMinute: PER_MINUTE },
    run: async (world, expect) => {
      const address = world.address();
      const answers: string[] = [];
      for (let count = 0; count < PER_MINUTE + 2; count += 1) answers.push(await greeting(world, address));
      // Which of the two is a matter of how many shake hands at once.
      const isAdmitted = (answer: string): boolean => answer === 'WELCOME' || answer === 'CHALLENGE';
      expect(answers.filter(isAdmitted)).toEqual(answers.slice(0, PER_MINUTE));
      expect(answers[PER_MINUTE]).toBe('RATE');
      expect(world.counter('GUARD_HANDSHAKES')).toBeGreaterThanOrEqual(1);
      expect(isAdmitted(await greeting(world, world.address()))).toBe(true);
    },
  },
  {
    trap: 'M7',
    title:
      'half-open handshakes of one address: the ninth is told that the node is busy, another address is not',
    run: async (world, expect) => {
      const address = world.address();
      for (let count = 0; count < HALF_OPEN_PER_ADDRESS_MAX; count += 1) await world.raw(address);
      expect(await greeting(world, address)).toBe('BUSY');
      expect(await greeting(world, world.address())).toBe('WELCOME');
      expect(await world.refused()).toEqual(['MESH_BUSY']);
    },
  },
  {
    trap: 'D7',
    title:
      'silent sockets of many addresses: beyond 512 they are refused, beyond 128 newcomers solve a puzzle',
    run: async (world, expect) => {
      await crowd(world, PUZZLE_FROM + 2);
      expect(await greeting(world, world.address())).toBe('CHALLENGE');
      const raws = await crowd(world, UNPROVEN_MAX - PUZZLE_FROM + 8);
      const refused = raws.filter(({ end }) => end !== undefined);
      expect(refused.length).toBeGreaterThanOrEqual(8);
      expect(refused.filter(({ end }) => end?.status !== 503)).toEqual([]);
      expect(world.counter('MESH_BUSY')).toBeGreaterThanOrEqual(8);
    },
  },
  {
    trap: 'H5',
    title: 'HTTP headers that drip byte by byte, and connections that say nothing, are cut in time',
    run: async (world, expect) => {
      const drips = await Promise.all(Array.from({ length: 10 }, () => world.tcp()));
      const mutes = await Promise.all(Array.from({ length: 10 }, () => world.tcp()));
      const request = 'GET / HTTP/1.1\r\nHost: victim\r\nUser-Agent: a slow one\r\n';
      let at = 0;
      const timer = setInterval(() => {
        for (const drip of drips) drip.write(request[at % request.length] ?? '');
        at += 1;
      }, LORIS_STEP_MS);
      try {
        const all = [...drips, ...mutes];
        await world.until('all are cut', () => all.every(({ isEnded }) => isEnded), LORIS_WAIT_MS);
      } finally {
        clearInterval(timer);
      }
      expect(world.refusals).toEqual([]);
    },
  },
  {
    trap: 'H5',
    title:
      'strangers that fall silent after the upgrade, in the middle of a message, after HELLO or after CONFIRM are given up in time',
    run: async (world, expect) => {
      await world.raw();
      const part = await world.raw();
      part.sendPart(new Uint8Array(10));
      const greeted = await world.raw();
      greeted.send(await (await world.handshake()).hello());
      const proven = await world.proven();
      expect(decodeHeader((await greeted.next()) ?? new Uint8Array(0))?.type).toBe(HandshakeType.WELCOME);
      expect(await world.refused(4)).toEqual(Array.from({ length: 4 }, () => 'MESH_TIMEOUT'));
      await proven.ended;
    },
  },
];
