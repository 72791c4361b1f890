import { concatBytes } from '@yakmesh/crypto';
import { encodeFrame, FrameKind, RECORD_WIRE_BYTES_MAX } from '../../../record/frames.js';
import { encodeKeyUpdate, encodePing, encodeTranscriptSignature } from '../../../link/control-frames.js';
import { HELD_BYTES_MAX } from '../../../link/link-limits.js';
import type { Attack } from '../attack.js';
import type { HostileWorld } from '../hostile-world.js';
import type { LinkAttacker } from '../link-attacker.js';

const ping = (): Uint8Array => encodePing(FrameKind.PING, 7);
const mark = (): Uint8Array => encodeFrame(FrameKind.TMARK);
const TOO_BIG = 1_009;

/** How the victim ends a link over which `act` was done. */
async function endAfter(world: HostileWorld, act: (link: LinkAttacker) => void): Promise<string> {
  const link = await world.link();
  world.ends.delete(link.party.self.nodeId);
  act(link);
  return world.endOf(link);
}

/** Proven neighbours whose records are not as they should be. */
export const recordAttacks: readonly Attack[] = [
  {
    trap: 'H2',
    title: 'a record with one bit wrong ends the link',
    run: async (world, expect) => {
      const code = await endAfter(world, (link) => {
        const record = link.seal(ping());
        record[20] = (record[20] ?? 0) ^ 1;
        link.raw.send(record);
      });
      expect(code).toBe('LINK_DECRYPT');
    },
  },
  {
    trap: 'H2',
    title: 'a record that comes twice, or before its turn, ends the link',
    run: async (world, expect) => {
      const replayed = await endAfter(world, (link) => {
        const record = link.seal(ping());
        link.raw.send(record);
        link.raw.send(record);
      });
      const reordered = await endAfter(world, (link) => {
        const [first, second] = [link.seal(ping()), link.seal(ping())];
        link.raw.send(second);
        link.raw.send(first);
      });
      expect([replayed, reordered]).toEqual(['LINK_DECRYPT', 'LINK_DECRYPT']);
    },
  },
  {
    trap: 'H2',
    title: 'a record that lost its end, an empty one and a text message end the link',
    run: async (world, expect) => {
      const cut = await endAfter(world, (link) => link.raw.send(link.seal(ping()).slice(0, -1)));
      const empty = await endAfter(world, (link) => link.raw.send(new Uint8Array(0)));
      const text = await endAfter(world, (link) => link.raw.send('{"type":"gossip"}'));
      expect([cut, empty, text]).toEqual(['LINK_DECRYPT', 'LINK_DECRYPT', 'LINK_DECRYPT']);
    },
  },
  {
    trap: 'M7',
    title: 'a record longer than any may be is not read to its end',
    run: async (world, expect) => {
      const link = await world.link();
      link.raw.send(link.sealPlain(new Uint8Array(RECORD_WIRE_BYTES_MAX)));
      expect((await link.ended).code).toBe(TOO_BIG);
    },
  },
  {
    trap: 'M7',
    title: 'frames that run over their record, and padding that is not zero, end the link',
    run: async (world, expect) => {
      const over = await endAfter(world, (link) =>
        link.raw.send(link.sealPlain(Uint8Array.of(FrameKind.PING, 0xff, 0xff, 0xff, 1))),
      );
      const padding = await endAfter(world, (link) =>
        link.raw.send(link.sealPlain(concatBytes(ping(), Uint8Array.of(0, 0, 1)))),
      );
      expect([over, padding]).toEqual(['LINK_BAD_FRAME', 'LINK_BAD_FRAME']);
    },
  },
  {
    trap: 'H2',
    title: 'a handshake message on an authenticated link ends it',
    run: async (world, expect) => {
      const hello = await (await world.handshake()).hello();
      expect(await endAfter(world, (link) => link.raw.send(hello))).toBe('LINK_DECRYPT');
    },
  },
  {
    trap: 'H2',
    title: 'a key update to any but the next key ends the link',
    run: async (world, expect) => {
      for (const [epoch, phase] of [
        [0, 0],
        [0, 2],
        [1, 1],
        [2, 0],
        [0xffff_ffff, 0xffff_ffff],
      ] as const)
        expect(await endAfter(world, (link) => link.send(encodeKeyUpdate(epoch, phase)))).toBe(
          'LINK_BAD_FRAME',
        );
    },
  },
  {
    trap: 'M6',
    title: 'records under a key that never comes are held to 1 MiB, and then the link ends',
    run: async (world, expect) => {
      const link = await world.link();
      link.send(encodeKeyUpdate(1, 0));
      const record = new Uint8Array(60_000);
      const count = Math.ceil(HELD_BYTES_MAX / record.length) + 1;
      for (let sent = 0; sent < count; sent += 1) link.raw.send(record);
      expect(await world.endOf(link)).toBe('LINK_STALLED');
    },
  },
  {
    trap: 'H2',
    title: 'a transcript mark that is repeated, and a signature over another transcript, end the link',
    run: async (world, expect) => {
      const twice = await endAfter(world, (link) => {
        link.send(mark());
        link.send(mark());
      });
      const forged = {
        epoch: 0,
        record: 1,
        signature: new Uint8Array(3_309),
        kemPart: new Uint8Array(1_216),
      };
      const wrong = await endAfter(world, (link) => {
        link.send(mark());
        link.send(encodeTranscriptSignature(forged));
      });
      const unasked = await endAfter(world, (link) => link.send(encodeTranscriptSignature(forged)));
      expect([twice, wrong, unasked]).toEqual(['LINK_TRANSCRIPT', 'LINK_TRANSCRIPT', 'LINK_TRANSCRIPT']);
    },
  },
  {
    trap: 'H2',
    title: 'data before the link is established ends it',
    run: async (world, expect) => {
      const link = await world.proven();
      link.send(encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(0)));
      await link.ended;
      expect(link.closeCode).toBe('LINK_CLOSED');
      expect(await world.refused()).toEqual(['LINK_UNEXPECTED']);
    },
  },
];
