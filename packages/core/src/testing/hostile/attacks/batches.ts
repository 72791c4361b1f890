import { ML_DSA_65_SIGNATURE_BYTES } from '@yakmesh/crypto';
import { networkHash } from '../../../network-hash.js';
import { encodeBlock, encodeHeadFrame } from '../../../link/parcel-frames.js';
import { SLOTS } from '../../../link/link-limits.js';
import { encodeFrame, FRAME_HEADER_BYTES, FrameKind } from '../../../record/frames.js';
import { systemRandom } from '../../../transport/index.js';
import type { Attack } from '../attack.js';
import { encodeEnvelope } from '../../../envelope/envelope.js';
import { envelopeOf } from '../forged-batch.js';
import { fragmentsOf } from '../fragments.js';
import type { HostileWorld } from '../hostile-world.js';
import type { LinkAttacker } from '../link-attacker.js';

const MESSAGES_MAX = 4_096;
/** Where ENV says the depth of its path: after ttl, flags, slot and index. */
const DEPTH_AT = FRAME_HEADER_BYTES + 6;
/** Where BLOCK says its count, and HEAD its use. */
const COUNT_AT = FRAME_HEADER_BYTES + 4;
const USE_AT = FRAME_HEADER_BYTES + 2;
/** Messages that are signed one by one. */
const LONE_MESSAGES = 40;
const garbage = (): Uint8Array => systemRandom.bytes(ML_DSA_65_SIGNATURE_BYTES);

/** The frame with some bytes replaced. */
function altered(frame: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, at);
  return copy;
}

/** How the victim ends a new link, over which frames of a true batch of its own come. */
async function endAfter(
  world: HostileWorld,
  act: (link: LinkAttacker, batch: Awaited<ReturnType<HostileWorld['batch']>>) => void,
): Promise<string> {
  const link = await world.link();
  const batch = await world.batch(
    link,
    [0, 1, 2].map((sequence) => ({ sequence })),
  );
  act(link, batch);
  return world.endOf(link);
}

/** Proven neighbours whose batches prove nothing, or too much. */
export const batchAttacks: readonly Attack[] = [
  {
    trap: 'M1',
    title: 'bad signatures at full speed end the link at the first, and nothing under them is heard',
    run: async (world, expect) => {
      const heard = world.heard();
      const code = await endAfter(world, (link, batch) => {
        link.send(batch.key);
        for (let slot = 0; slot < 70; slot += 1) link.send(batch.head(slot, garbage()), batch.block(slot));
      });
      expect(code).toBe('LINK_BAD_SIGNATURE');
      expect(heard).toEqual([]);
    },
  },
  {
    trap: 'H1',
    title: 'a batch in an honest peer’s name is refused under any key but that peer’s',
    run: async (world, expect) => {
      const alice = (await world.party('alice')).self;
      const heard: unknown[] = [];
      world.victim.on('gossip', ({ payload }) => void (payload === 'hostile' && heard.push(payload)));
      const link = await world.link();
      const batch = await world.batch(link, [{}], { head: { signer: alice.nodeIdBytes } });
      link.send(batch.key, encodeFrame(FrameKind.KEY, alice.publicKey), batch.head(), batch.block());
      expect(await world.endOf(link)).toBe('LINK_BAD_SIGNATURE');
      expect(heard).toEqual([]);
    },
  },
  {
    trap: 'M3',
    title: 'a batch that was signed for another use proves no gossip',
    run: async (world, expect) => {
      const link = await world.link();
      const batch = await world.batch(link, [{}], { use: 'record' });
      link.send(batch.key, encodeHeadFrame(0, { ...batch.batch, use: 'gossip' }), batch.block());
      expect(await world.endOf(link)).toBe('LINK_BAD_SIGNATURE');
      const other = await endAfter(world, (open, genuine) => open.send(altered(genuine.head(), USE_AT, 2)));
      expect(other).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'M1',
    title: 'a head that is poisoned with another signature does not keep the genuine one out',
    run: async (world, expect) => {
      const batch = await world.batch('carol', [{ body: 'genuine' }]);
      const [heard, relayed] = [world.heard(), world.heard(world.honest[1])];
      const poisoner = await world.link();
      poisoner.send(batch.key, batch.head(0, garbage()), batch.block());
      expect(await world.endOf(poisoner)).toBe('LINK_BAD_SIGNATURE');
      const relay = await world.link();
      relay.send(batch.key, batch.head(), batch.block());
      await world.until('the genuine message', () => heard.length > 0 && relayed.length > 0);
      // And a verified root does not make a garbage signature good: the stored one goes on.
      const late = await world.link();
      late.send(batch.key, batch.head(0, garbage()), batch.block());
      await world.until('the copy is counted', () => world.counter('PEER_DUPLICATE') > 0);
      expect([heard, relayed]).toEqual([['genuine'], ['genuine']]);
    },
  },
  {
    trap: 'D2',
    title: 'a number that is used in another’s name, without its signature, is not used up for its owner',
    run: async (world, expect) => {
      const heard = world.heard();
      const early = await world.batch('carol', [{ sequence: 9, body: 'played before its time' }]);
      const player = await world.link();
      player.send(early.key, early.head(0, garbage()), early.block());
      expect(await world.endOf(player)).toBe('LINK_BAD_SIGNATURE');
      const genuine = await world.batch('carol', [{ sequence: 9, body: 'genuine' }]);
      const relay = await world.link();
      relay.send(...genuine.frames());
      await world.until('the owner’s message', () => heard.length > 0);
      expect(heard).toEqual(['genuine']);
    },
  },
  {
    trap: 'M2',
    title:
      'a relay that changes the time, the life, the number or the payload of an envelope is convicted by the signature',
    run: async (world, expect) => {
      const heard = world.heard();
      const timeMs = Date.now();
      const changes = [{ timeMs: timeMs + 1 }, { lifeSeconds: 86_400 }, { sequence: 1 }, { body: 'changed' }];
      const genuine = { sequence: 0, body: 'said', timeMs, lifeSeconds: 600 };
      const batch = await world.batch('carol', [genuine]);
      for (const change of changes) {
        const relay = await world.link();
        const core = encodeEnvelope(envelopeOf({ ...genuine, ...change }));
        relay.send(batch.key, batch.head(), batch.single(0, 0, 32, { core }));
        expect(await world.endOf(relay)).toBe('LINK_BAD_SIGNATURE');
      }
      const honest = await world.link();
      // The ttl is the relays' own, and not signed.
      honest.send(batch.key, batch.head(), batch.single(0, 0, 17));
      await world.until('the genuine one', () => heard.length > 0);
      expect(heard).toEqual(['said']);
    },
  },
  {
    trap: 'M8',
    title:
      'a signature for each message of a neighbour costs its own budget, and honest peers are heard meanwhile',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const numbers = Array.from({ length: LONE_MESSAGES }, (_, sequence) => sequence);
      const batches = await Promise.all(
        numbers.map((sequence) => world.batch(link, [{ sequence, body: sequence }])),
      );
      for (const [slot, batch] of batches.entries())
        await link.paced([batch.key, batch.head(slot), batch.block(slot)]);
      await world.until('all of them', () => heard.length >= LONE_MESSAGES);
      expect(heard).toEqual(numbers);
    },
  },
  {
    trap: 'M1',
    title: 'messages of a slot that was never set end the link',
    run: async (world, expect) => {
      const block = await endAfter(world, (link, batch) =>
        link.send(batch.key, batch.head(1), batch.block(2)),
      );
      const single = await endAfter(world, (link, batch) => link.send(batch.single(0, 7)));
      const beyond = await endAfter(world, (link, batch) => link.send(batch.block(SLOTS)));
      expect([block, single, beyond]).toEqual(['LINK_BAD_FRAME', 'LINK_BAD_FRAME', 'LINK_BAD_FRAME']);
    },
  },
  {
    trap: 'M1',
    title: 'a message that its batch does not hold ends the link, though the batch is genuine',
    run: async (world, expect) => {
      const heard = world.heard();
      const other = await world.batch('carol', [{ body: 'forged' }]);
      const [foreign] = other.messages;
      const core = foreign?.core ?? new Uint8Array(0);
      const swapped = await endAfter(world, (link, batch) =>
        link.send(batch.key, batch.head(), batch.single(0, 0, 32, { core })),
      );
      const salted = await endAfter(world, (link, batch) =>
        link.send(batch.key, batch.head(), batch.single(0, 0, 32, { salt: new Uint8Array(16) })),
      );
      const reordered = await endAfter(world, (link, batch) =>
        link.send(batch.key, batch.head(), encodeBlock(0, 32, [...batch.messages].reverse())),
      );
      const short = await endAfter(world, (link, batch) =>
        link.send(batch.key, batch.head(), encodeBlock(0, 32, batch.messages.slice(1))),
      );
      expect([swapped, salted, reordered, short]).toEqual(
        Array.from({ length: 4 }, () => 'LINK_BAD_SIGNATURE'),
      );
      expect(heard).toEqual([]);
    },
  },
  {
    trap: 'M1',
    title: 'lies about the length of a path, or about the place in the tree, end the link',
    run: async (world, expect) => {
      const codes: string[] = [];
      for (const depth of [13, 255, 12, 1])
        codes.push(
          await endAfter(world, (link, batch) =>
            link.send(batch.key, batch.head(), altered(batch.single(0), DEPTH_AT, depth)),
          ),
        );
      expect(codes).toEqual(codes.map(() => 'LINK_BAD_FRAME'));
      for (const lie of [
        { path: new Uint8Array(0) },
        { path: new Uint8Array(32 * 12) },
        { index: 3 },
        { index: 65_535, path: new Uint8Array(64) },
      ])
        expect(
          await endAfter(world, (link, batch) =>
            link.send(batch.key, batch.head(), batch.single(0, 0, 32, lie)),
          ),
        ).toBe('LINK_BAD_SIGNATURE');
    },
  },
  {
    trap: 'M6',
    limits: { maxMessagesPerSecond: 10_000 },
    title: 'a batch of 4,096 tiny messages is heard once each; one that claims more, or none, ends the link',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const envelopes = Array.from({ length: MESSAGES_MAX }, (_, sequence) => ({ sequence, body: sequence }));
      const batch = await world.batch(link, envelopes);
      await link.paced([batch.key, batch.head(), ...fragmentsOf(batch.block())]);
      await world.until('all of it', () => heard.length >= MESSAGES_MAX);
      expect(new Set(heard).size).toBe(MESSAGES_MAX);
      expect(heard.length).toBe(MESSAGES_MAX);
      for (const [high, low] of [
        [0x10, 0x01],
        [0, 0],
        [0, 4],
      ] as const)
        expect(
          await endAfter(world, (other, small) =>
            other.send(small.key, small.head(), altered(small.block(), COUNT_AT, high, low)),
          ),
        ).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'H3',
    title: 'a batch of a network that the victim does not accept is dropped and counted',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const other = networkHash(1, { networkId: 'hostile', networkFingerprint: null });
      const batch = await world.batch(link, [{}]);
      link.send(batch.key, encodeHeadFrame(0, { ...batch.batch, networkHash: other }), batch.block());
      await world.until('it is counted', () => world.counter('PEER_UNKNOWN_NETWORK') === 1);
      link.send(batch.head(1), batch.block(1));
      await world.until('what is genuine is heard', () => heard.length > 0);
      expect(heard).toEqual(['hostile']);
    },
  },
];
