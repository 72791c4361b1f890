import { ByteWriter, utf8ToBytes } from '@yakmesh/crypto';
import { encodePayload } from '../../../envelope/payload.js';
import {
  encodeCredit,
  encodeInfo,
  encodePeers,
  encodePing,
  ENDPOINT_BYTES_MAX,
  HINTS_MAX,
} from '../../../link/control-frames.js';
import { encodeFlow, encodeFlowAttached, encodeProtocolFrame } from '../../../link/flow-frames.js';
import { HINT_DIALS_MAX, MEMBER_DIALS_MAX } from '../../../membership/limits.js';
import { encodeFragmentHeader, FRAGMENT_BYTES_MIN } from '../../../link/reassembly.js';
import { QUEUE_BYTES_MAX, SOCKET_BYTES_MAX } from '../../../link/link-limits.js';
import {
  encodeFrame,
  FrameKind,
  RECORD_WIRE_BYTES_MAX,
  type FrameKind as Kind,
} from '../../../record/frames.js';
import { codeOf, systemRandom } from '../../../transport/index.js';
import type { Attack } from '../attack.js';
import type { HostileWorld } from '../hostile-world.js';
import { heldBytes } from '../resources-node.js';

/** A whole window of one link, and what goes with it. */
const LINK_BYTES_MAX = 8 * 1_048_576;
const UNKNOWN_CONTROL = 0x0f as Kind;
const UNKNOWN_DATA = 0x7e as Kind;
const HTML = '<img src=x onerror=alert(1)>';
const U48_MAX = 2 ** 48 - 1;
const FRAGMENT_BYTES = 32_768;
/** Messages of 400 KB that are signed at once: more than the system and a neighbour's queue hold together, after two of them. */
const WAVE = 16;

/** How the victim ends a new link over which these frames come. */
async function endOf(world: HostileWorld, ...frames: readonly Uint8Array[]): Promise<string> {
  const link = await world.link();
  world.ends.delete(link.party.self.nodeId);
  for (const frame of frames) link.send(frame);
  return world.endOf(link);
}

function fragment(length: number, isLast = false): Uint8Array {
  const header = encodeFragmentHeader(0, isLast, length);
  return new ByteWriter(header.length + length).bytes(header).bytes(new Uint8Array(length)).finish();
}

/** Proven neighbours whose small frames are not as they should be. */
export const controlFrameAttacks: readonly Attack[] = [
  {
    trap: 'D7',
    title: 'a flood of frames of unknown kinds is counted, whatever becomes of its sender',
    run: async (world, expect) => {
      const link = await world.link();
      for (let record = 0; record < 100 && link.raw.isOpen; record += 1) {
        link.send(...Array.from({ length: 50 }, () => encodeFrame(UNKNOWN_CONTROL)));
        await link.paced([encodeFrame(UNKNOWN_DATA, new Uint8Array(1_000))]);
      }
      const counted = (): number => world.counter('PEER_UNKNOWN_FRAME');
      await world.until('all of it, or the end', () => counted() >= 5_000 || !link.raw.isOpen);
      expect(counted()).toBeGreaterThanOrEqual(1);
    },
  },
  {
    trap: 'M6',
    title: 'fragments of one byte end the link',
    run: async (world, expect) => {
      expect(await endOf(world, fragment(1), fragment(1))).toBe('LINK_BAD_FRAME');
      expect(await endOf(world, fragment(FRAGMENT_BYTES_MIN - 1))).toBe('LINK_BAD_FRAME');
      expect(await endOf(world, fragment(0, true))).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'M6',
    title: 'fragments without end are put together to 1 MiB, and then the link ends',
    run: async (world, expect) => {
      const link = await world.link();
      await link.paced(Array.from({ length: 40 }, () => fragment(FRAGMENT_BYTES)));
      expect(await world.endOf(link)).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'M6',
    title: 'fragments of a control frame, or of a fragment, end the link',
    run: async (world, expect) => {
      for (const kind of [FrameKind.FRAG, FrameKind.PEERS, FrameKind.HEAD]) {
        const inner = encodeFrame(kind, new Uint8Array(2_000));
        const header = encodeFragmentHeader(0, true, inner.length);
        expect(await endOf(world, new ByteWriter(4_096).bytes(header).bytes(inner).finish())).toBe(
          'LINK_BAD_FRAME',
        );
      }
    },
  },
  {
    trap: 'M6',
    title: 'an acknowledgement of more than was sent, or of less than before, ends the link',
    run: async (world, expect) => {
      expect(await endOf(world, encodeCredit(U48_MAX, 1))).toBe('LINK_CREDIT');
      expect(await endOf(world, encodeFrame(FrameKind.CREDIT, new Uint8Array(11)))).toBe('LINK_CREDIT');
      const link = await world.link();
      await world.until(
        'something to acknowledge',
        () => link.count(FrameKind.ENV) + link.count(FrameKind.BLOCK) > 0,
      );
      world.ends.delete(link.party.self.nodeId);
      link.send(encodeCredit(0, U48_MAX));
      expect(await world.endOf(link)).toBe('LINK_CREDIT');
    },
  },
  {
    trap: 'M6',
    title: 'the largest grant there is makes the victim hold no more for a neighbour that does not read',
    run: async (world, expect) => {
      const link = await world.link(undefined, { isSilent: true });
      link.send(encodeCredit(0, U48_MAX));
      link.raw.pause();
      const { nodeId } = link.party.self;
      const peer = () => world.victim.getPeers().find((found) => found.nodeId === nodeId);
      const codes: (string | undefined)[] = [];
      let most = 0;
      while (peer() !== undefined) {
        const wave = Array.from({ length: WAVE }, () => world.victim.sendTo(nodeId, 'x'.repeat(400_000)));
        for (const sent of await Promise.allSettled(wave))
          if (sent.status === 'rejected') codes.push(codeOf(sent.reason));
        most = Math.max(most, peer()?.queuedBytes ?? 0);
      }
      expect(most).toBeLessThanOrEqual(QUEUE_BYTES_MAX + SOCKET_BYTES_MAX + 2 * RECORD_WIRE_BYTES_MAX);
      expect(codes.filter((code) => code === 'MESH_QUEUE_FULL').length).toBeGreaterThanOrEqual(1);
      expect(await world.endOf(link)).toBe('LINK_TIMEOUT');
    },
  },
  {
    trap: 'M6',
    title: 'pings without end by a neighbour that reads no answer end its link',
    run: async (world, expect) => {
      const link = await world.link(undefined, { isSilent: true });
      const before = heldBytes();
      link.raw.pause();
      for (let record = 0; record < 400 && link.raw.isOpen; record += 1) {
        link.send(...Array.from({ length: 100 }, (_, id) => encodePing(FrameKind.PING, id)));
        if (record % 50 === 0) await link.raw.flushed();
      }
      expect(heldBytes() - before).toBeLessThanOrEqual(LINK_BYTES_MAX);
      expect(await world.endOf(link)).toBe('LINK_FLOOD');
    },
  },
  {
    trap: 'H7',
    title: 'more than 32 hints, and hints that are cut off, end the link',
    run: async (world, expect) => {
      const hint = new ByteWriter(64).bytes(systemRandom.bytes(32)).u8(4).bytes(utf8ToBytes('ws:x')).finish();
      const many = Array.from({ length: HINTS_MAX + 1 }, () => hint);
      expect(await endOf(world, encodeFrame(FrameKind.PEERS, Uint8Array.of(HINTS_MAX + 1), ...many))).toBe(
        'LINK_BAD_FRAME',
      );
      expect(await endOf(world, encodeFrame(FrameKind.PEERS, Uint8Array.of(2), hint))).toBe('LINK_BAD_FRAME');
      const long = new ByteWriter(512)
        .bytes(new Uint8Array(32))
        .u8(ENDPOINT_BYTES_MAX + 1)
        .zeros(200)
        .finish();
      expect(await endOf(world, encodeFrame(FrameKind.PEERS, Uint8Array.of(1), long))).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'H7',
    title: 'hints of what is no endpoint are counted and not dialled',
    run: async (world, expect) => {
      const link = await world.link();
      const { nodeId } = (await world.party('carol')).self;
      const bad = ['http://127.0.0.1/', 'ws://user:word@127.0.0.1:1', 'file:///etc/passwd', 'ws://', HTML];
      link.send(encodePeers(bad.map((endpoint) => ({ nodeId, endpoint }))));
      await world.until('they are counted', () => world.counter('PEER_BAD_HINT') === bad.length);
      expect(world.victim.getPeers().length).toBe(3);
    },
  },
  {
    trap: 'H7',
    title: 'hints without end make the victim open no more dials than it wants neighbours',
    run: async (world, expect) => {
      const server = await world.server({});
      const link = await world.link();
      for (let round = 0; round < 25 && link.raw.isOpen; round += 1) {
        const hints = Array.from({ length: HINTS_MAX }, () => systemRandom.bytes(32));
        const writer = new ByteWriter(64, 8_192).u8(HINTS_MAX);
        for (const id of hints) writer.bytes(id).u8(server.url.length).bytes(utf8ToBytes(server.url));
        await link.paced([encodeFrame(FrameKind.PEERS, writer.finish())]);
        await world.pass(40);
      }
      await world.until('the first dials', () => server.connections > 0);
      expect(server.openMost).toBeLessThanOrEqual(MEMBER_DIALS_MAX);
      expect(server.connections).toBeLessThanOrEqual(HINT_DIALS_MAX);
    },
  },
  {
    trap: 'D8',
    title: 'names with markup in INFO reach nobody',
    run: async (world, expect) => {
      const link = await world.link();
      link.info({
        endpoint: `ws://h/${HTML}`,
        protocols: [HTML, 'fine/1', '"><script>', 'a\u0000b', 'UPPER/1'],
      });
      const { nodeId } = link.party.self;
      const peer = () => world.victim.getPeers().find((found) => found.nodeId === nodeId);
      await world.until('the new INFO', () => peer()?.protocols.join() === 'fine/1');
      expect(peer()?.endpoint).toBe(undefined);
    },
  },
  {
    trap: 'D7',
    title: 'an INFO of 100,000 protocols, or of another shape, ends the link',
    run: async (world, expect) => {
      const names = new Uint8Array(60_000).fill(0x60);
      const body = new ByteWriter(64_000)
        .u8(0xa1)
        .u8(0x69)
        .bytes(utf8ToBytes('protocols'))
        .u8(0x9a)
        .u32(100_000);
      expect(await endOf(world, encodeFrame(FrameKind.INFO, body.bytes(names).finish()))).toBe(
        'LINK_BAD_FRAME',
      );
      for (const shape of [null, 7, [], { endpoint: 7 }, { endpoint: 'x'.repeat(ENDPOINT_BYTES_MAX + 1) }])
        expect(await endOf(world, encodeFrame(FrameKind.INFO, encodePayload(shape)))).toBe('LINK_BAD_FRAME');
    },
  },
  {
    trap: 'D7',
    title: 'INFO without end is dealt with as it comes, and honest peers are heard meanwhile',
    run: async (world, expect) => {
      const link = await world.link();
      const info = encodeInfo({
        endpoint: undefined,
        protocols: Array.from({ length: 1_000 }, (_, index) => `p${index}/1`),
        timeMs: Date.now(),
        networks: [],
      });
      for (let sent = 0; sent < 500 && link.raw.isOpen; sent += 1) {
        link.send(info);
        if (sent % 20 === 0) await link.raw.flushed();
      }
      const peer = () => world.victim.getPeers().find(({ nodeId }) => nodeId === link.party.self.nodeId);
      await world.until('the last INFO', () => peer()?.protocols.length === 64 || !link.raw.isOpen);
      expect(world.areHonestLinked).toBe(true);
    },
  },
  {
    trap: 'D7',
    title: 'attachments that were announced otherwise, or beyond four messages, end the link',
    run: async (world, expect) => {
      const attached = (bytes: number): Uint8Array => {
        const body = new Uint8Array(bytes);
        return encodeFlowAttached(encodeFlow({ label: new Uint8Array(8), isCongested: false, body }), 28);
      };
      const frame = attached(16_384);
      expect(await endOf(world, frame.subarray(0, 14))).toBe('LINK_BAD_FRAME');
      const link = await world.link();
      world.ends.delete(link.party.self.nodeId);
      // No two of them fit one message, and all are within the credit.
      link.send(...Array<Uint8Array>(5).fill(attached(40_000)));
      expect(await world.endOf(link)).toBe('LINK_BAD_FRAME');
      // The record behind it stands where the attachment should.
      expect(await endOf(world, frame, encodeFrame(FrameKind.PING, new Uint8Array(4)))).toBe(
        'LINK_BAD_FRAME',
      );
      const genuine = await world.link();
      genuine.send(frame);
      genuine.raw.send(new Uint8Array(16_384));
      await world.until('the flow of nobody is refused', () => genuine.count(FrameKind.FLOW_CLOSE) === 1);
    },
  },
  {
    trap: 'D7',
    title: 'frames of flows and subsystems that are malformed end the link; those of nobody are counted',
    run: async (world, expect) => {
      expect(await endOf(world, encodeFrame(FrameKind.FLOW_OPEN, new Uint8Array(10)))).toBe('LINK_BAD_FRAME');
      expect(await endOf(world, encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(33)))).toBe('LINK_BAD_FRAME');
      const flow = encodeFlow({ label: new Uint8Array(8), isCongested: false, body: new Uint8Array(16_385) });
      expect(await endOf(world, flow)).toBe('LINK_BAD_FRAME');
      const link = await world.link();
      link.send(encodeProtocolFrame('nobody/1', new Uint8Array(9)));
      await world.until('it is counted', () => world.counter('PEER_UNKNOWN_FRAME') === 1);
    },
  },
];
