import { EnvelopeClass, FUTURE_MS_MAX } from '../../../envelope/envelope.js';
import { SEQUENCE_RANGES_MAX } from '../../../envelope/sequence-ranges.js';
import { FrameKind } from '../../../record/frames.js';
import { encodeFrame } from '../../../record/frames.js';
import type { Attack } from '../attack.js';

const SEQUENCE_MAX = 2 ** 48 - 1;
const HOUR_MS = 3_600_000;
const numbered = (sequence: number) => ({ sequence, body: sequence });

/** Envelopes that their origin truly signed, and that are not as they should be. */
export const envelopeAttacks: readonly Attack[] = [
  {
    trap: 'M1',
    title: 'an envelope that comes a hundred times, as BLOCK and alone, is heard once everywhere',
    run: async (world, expect) => {
      const [heard, relayed] = [world.heard(), world.heard(world.honest[0])];
      const link = await world.link();
      const batch = await world.batch(link, [{ body: 'again' }]);
      link.send(batch.key, batch.head());
      for (let copy = 0; copy < 50; copy += 1) link.send(batch.block(), batch.single(0));
      await world.until('the copies are counted', () => world.counter('PEER_DUPLICATE') === 99);
      await world.until('it is relayed', () => relayed.length > 0);
      expect([heard, relayed]).toEqual([['again'], ['again']]);
    },
  },
  {
    trap: 'M1',
    title: 'an envelope through two neighbours, and one whose number is signed anew, is heard once',
    run: async (world, expect) => {
      const heard = world.heard();
      const [one, other] = [await world.link(), await world.link()];
      const batch = await world.batch('carol', [{ sequence: 5, body: 'first' }]);
      const again = await world.batch('carol', [{ sequence: 5, body: 'second' }]);
      one.send(batch.key, batch.head(), batch.block());
      await world.until('the first', () => heard.length === 1);
      other.send(batch.key, batch.head(), batch.single(0));
      other.send(again.head(1), again.block(1));
      await world.until('the others are counted', () => world.counter('PEER_DUPLICATE') === 2);
      expect(heard).toEqual(['first']);
    },
  },
  {
    trap: 'M1',
    title: 'envelopes in reverse order are heard, each once',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const batch = await world.batch(link, [0, 1, 2, 3, 4, 5].map(numbered));
      link.send(batch.key, batch.head());
      for (const index of [5, 4, 3, 2, 1, 0, 5, 0]) link.send(batch.single(index));
      await world.until('the copies are counted', () => world.counter('PEER_DUPLICATE') === 2);
      expect(heard).toEqual([5, 4, 3, 2, 1, 0]);
    },
  },
  {
    trap: 'H8',
    title: 'a ttl of 0 ends at the victim, and one of 255 is no longer than the longest',
    run: async (world, expect) => {
      const [heard, relayed] = [world.heard(), world.heard(world.honest[0])];
      const link = await world.link();
      const batch = await world.batch(link, [
        { sequence: 0, body: 'no further' },
        { sequence: 1, body: 'further' },
      ]);
      link.send(batch.key, batch.head(), batch.single(0, 0, 0), batch.single(1, 0, 255));
      await world.until('both', () => heard.length === 2 && relayed.length === 1);
      await world.pass(100);
      expect(heard).toEqual(['no further', 'further']);
      expect(relayed).toEqual(['further']);
    },
  },
  {
    trap: 'D3',
    title: 'senders whose clocks are wrong: what is expired, or from the future, is refused and counted',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const now = Date.now();
      const batch = await world.batch(link, [
        { sequence: 0, timeMs: now - HOUR_MS },
        { sequence: 1, timeMs: 0 },
        { sequence: 2, timeMs: now, lifeSeconds: 0, body: 'short' },
        { sequence: 3, timeMs: now + FUTURE_MS_MAX + HOUR_MS },
        { sequence: 4, timeMs: SEQUENCE_MAX },
        { sequence: 5, lifeSeconds: 86_401 },
        { sequence: 6, body: 'fine' },
      ]);
      await world.pass(5);
      await link.paced(batch.frames());
      await world.until('what is fine', () => heard.length === 1);
      expect(heard).toEqual(['fine']);
      expect(world.counter('PEER_EXPIRED')).toBe(3);
      expect(world.counter('PEER_FROM_FUTURE')).toBe(2);
      expect(world.counter('PEER_BAD_ENVELOPE')).toBe(1);
    },
  },
  {
    trap: 'D3',
    title: 'a clock that is an hour ahead is told to the application, and its messages are refused',
    run: async (world, expect) => {
      const skews: number[] = [];
      world.victim.on('clock:skew', ({ skewMs }) => void skews.push(skewMs));
      const link = await world.proven();
      link.info({ timeMs: Date.now() + HOUR_MS });
      await world.until('the skew', () => skews.length === 1);
      expect(Math.round((skews[0] ?? 0) / HOUR_MS)).toBe(1);
      const batch = await world.batch(link, [{ timeMs: Date.now() + HOUR_MS }]);
      link.send(...batch.frames());
      await world.until('it is counted', () => world.counter('PEER_FROM_FUTURE') === 1);
    },
  },
  {
    trap: 'D3',
    title:
      'an epoch far ahead is refused, so that nobody locks itself out; the next one keeps the last one’s window',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const epoch = Date.now();
      const batch = await world.batch(link, [
        { ...numbered(1), epoch: epoch + HOUR_MS },
        { ...numbered(2), epoch: SEQUENCE_MAX },
        { ...numbered(3), epoch },
        { ...numbered(4), epoch: epoch + 1 },
        { ...numbered(5), epoch },
        { ...numbered(6), epoch: epoch - 1 },
        { ...numbered(7), epoch: epoch + 1 },
      ]);
      await link.paced(batch.frames());
      await world.until('the last', () => heard.includes(7));
      expect(heard).toEqual([3, 4, 5, 7]);
      expect(world.counter('PEER_FROM_FUTURE')).toBe(2);
      expect(world.counter('PEER_STALE_SEQUENCE')).toBe(1);
    },
  },
  {
    trap: 'D3',
    title:
      'a jump to the last number there is shuts nobody out: lower numbers stay good, for this origin and others',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const jump = await world.batch(link, [SEQUENCE_MAX, 0, 1, 70_000, 2].map(numbered));
      const other = await world.batch('carol', [numbered(7)]);
      await link.paced(jump.frames());
      await link.paced(other.frames(1));
      await world.until('all of them', () => heard.length === 6);
      expect(heard).toEqual([SEQUENCE_MAX, 0, 1, 70_000, 2, 7]);
    },
  },
  {
    trap: 'D3',
    title: 'numbers full of gaps: with 65 of them the oldest gap counts as seen, and a restart begins anew',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const gaps = Array.from({ length: SEQUENCE_RANGES_MAX + 1 }, (_, index) => numbered(10 * (index + 1)));
      const epoch = Date.now();
      const batch = await world.batch(
        link,
        [...gaps, numbered(5), numbered(15)].map((one) => ({ ...one, epoch })),
      );
      await link.paced(batch.frames());
      await world.until('what is left of the gaps', () => heard.includes(15));
      expect(heard.includes(5)).toBe(false);
      expect(heard.length).toBe(SEQUENCE_RANGES_MAX + 2);
      expect(world.counter('PEER_DUPLICATE')).toBe(1);
      const restarted = await world.batch(link, [{ ...numbered(5), epoch: epoch + 1 }]);
      await link.paced(restarted.frames(1));
      await world.until('the restart', () => heard.includes(5));
    },
  },
  {
    trap: 'M1',
    title:
      'direct messages for somebody else, acknowledgements that nobody asked for and classes in the wrong batch are not heard',
    run: async (world, expect) => {
      const [gossip, direct] = [world.heard(), world.heard(world.victim, 'message')];
      const link = await world.link();
      const [victim, alice] = [await world.party('victim'), await world.party('alice')];
      const to = (party: typeof victim, kind: EnvelopeClass, sequence: number) => ({
        class: kind,
        to: party.self.nodeIdBytes,
        sequence,
        body: sequence,
      });
      const batch = await world.batch(
        link,
        [
          to(alice, EnvelopeClass.DIRECT, 1),
          to(victim, EnvelopeClass.ACK, 2),
          { sequence: 3, body: 3 },
          to(victim, EnvelopeClass.DIRECT, 4),
        ],
        { use: 'direct' },
      );
      const wrong = await world.batch(link, [to(victim, EnvelopeClass.DIRECT, 5), { sequence: 6, body: 6 }]);
      await link.paced([...batch.frames(), ...wrong.frames(1)]);
      await world.until('what is right', () => direct.length === 1 && gossip.length === 1);
      expect([direct, gossip]).toEqual([[4], [6]]);
      expect(world.counter('messages:forwarded')).toBe(1);
      expect(world.counter('PEER_BAD_ENVELOPE')).toBe(2);
      expect(world.counter('PEER_BAD_PAYLOAD')).toBe(1);
    },
  },
  {
    trap: 'M1',
    title: 'the victim’s own messages, sent back to it, are not heard',
    run: async (world, expect) => {
      const heard: unknown[] = [];
      world.victim.on(
        'gossip',
        (_message, _link, from) => void (from === world.victim.nodeId && heard.push(from)),
      );
      const link = await world.link();
      await world.victim.broadcast('mine');
      const carried: readonly number[] = [FrameKind.KEY, FrameKind.HEAD, FrameKind.ENV, FrameKind.BLOCK];
      const isAll = (): boolean => link.count(FrameKind.BLOCK) + link.count(FrameKind.ENV) > 0;
      await world.until('it comes to the attacker', isAll);
      for (const { kind, body } of [...link.frames])
        if (carried.includes(kind)) link.send(encodeFrame(kind as typeof FrameKind.KEY, body));
      await world.until('it is counted', () => world.counter('PEER_DUPLICATE') > 0);
      expect(heard).toEqual([]);
    },
  },
];
