import { encodeFlow, encodeFlowAttached, encodeFlowOpen } from '../../../link/flow-frames.js';
import { QUEUE_BYTES_MAX } from '../../../link/link-limits.js';
import { FlowCloseCode, FLOWS_PER_PEER_MAX } from '../../../mesh/flow-places.js';
import { FrameKind } from '../../../record/frames.js';
import {
  FLOW_BODY_BYTES_MAX,
  FLOW_SEALED_BODY_BYTES_MAX,
  systemRandom,
  type Flow,
} from '../../../transport/index.js';
import type { Attack } from '../attack.js';
import { fragmentsOf } from '../fragments.js';
import type { HostileWorld } from '../hostile-world.js';
import type { LinkAttacker } from '../link-attacker.js';
import { freshParams } from '../parties.js';
import { heldBytes } from '../resources-node.js';

const PROTOCOL = 'hostile/1';
const MESSAGES_PER_SECOND = 20;
const STORM = 400;
const GROWTH_BYTES = 8 * 1_048_576;

/** Neighbours that want more than their share. */
export const neighbourAttacks: readonly Attack[] = [
  {
    trap: 'M7',
    title: 'beyond maxPeers a proven stranger is told that the node is full, and pushes nobody out',
    options: { maxPeers: 3 },
    run: async (world, expect) => {
      const first = await world.link();
      for (let count = 0; count < 3; count += 1) {
        const refused = await world.proven();
        await refused.ended;
        expect(refused.closeCode).toBe('LINK_FULL');
      }
      expect(await world.refused(3)).toEqual(['LINK_FULL', 'LINK_FULL', 'LINK_FULL']);
      expect(world.victim.isConnectedTo(first.party.self.nodeId)).toBe(true);
      expect(world.victim.getPeers().length).toBe(3);
    },
  },
  {
    trap: 'H7',
    title: 'one node that dials again and again stays one neighbour',
    run: async (world, expect) => {
      const first = await world.link('mallory');
      for (let count = 0; count < 6; count += 1) {
        const again = await world.link('mallory');
        const batch = await world.batch(again, [{ sequence: count }]);
        again.send(...batch.frames());
        expect(world.victim.getPeers().length).toBe(3);
      }
      expect(world.ends.has(first.party.self.nodeId)).toBe(false);
    },
  },
  {
    trap: 'H7',
    title: 'a restarted node replaces its own link, and only its own',
    run: async (world, expect) => {
      const before = await world.link('mallory', { params: freshParams() });
      const after = await world.link('mallory', { params: freshParams() });
      await world.until('the old link is retired', () => before.closeCode === 'LINK_DUPLICATE');
      expect(after.raw.isOpen).toBe(true);
      expect(world.victim.getPeers().length).toBe(3);
    },
  },
  {
    trap: 'M6',
    title: 'a neighbour that never answers is suspected, and then given up',
    run: async (world, expect) => {
      const suspects: string[] = [];
      world.victim.on('peer:suspect', ({ nodeId }) => void suspects.push(nodeId));
      const link = await world.link(undefined, { isSilent: true });
      expect(await world.endOf(link)).toBe('LINK_TIMEOUT');
      expect(suspects).toEqual([link.party.self.nodeId]);
    },
  },
  {
    trap: 'D1',
    title: 'a storm of gossip by a member is slowed down to its limit, and honest peers to none',
    limits: { maxMessagesPerSecond: MESSAGES_PER_SECOND },
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const envelopes = Array.from({ length: STORM }, (_, sequence) => ({ sequence, body: sequence }));
      const batch = await world.batch(link, envelopes);
      const sinceMs = performance.now();
      await link.paced([batch.key, batch.head(), ...fragmentsOf(batch.block())]);
      await world.pass(1_500);
      const seconds = (performance.now() - sinceMs) / 1_000;
      expect(heard.length).toBeGreaterThanOrEqual(1);
      // One window more, whatever its phase.
      expect(heard.length).toBeLessThanOrEqual(MESSAGES_PER_SECOND * (Math.ceil(seconds) + 1));
      const slowed = world.counter('messages:held') + world.counter('GUARD_MESSAGES');
      expect(slowed).toBeGreaterThanOrEqual(STORM / 2);
    },
  },
  {
    trap: 'M6',
    title:
      'flows without end: 256 of one neighbour are open, the others are told the limit, and all end with their link',
    run: async (world, expect) => {
      const flows: Flow[] = [];
      const ends: number[] = [];
      const port = world.victim.open(PROTOCOL, {
        flow: (flow) => {
          flows.push(flow);
          flow.handle({ message: () => undefined, close: (code) => void ends.push(code) });
        },
      });
      const link = await world.link();
      const { nodeIdBytes: destination } = (await world.party('victim')).self;
      const open = (label: Uint8Array, protocol = PROTOCOL): Uint8Array =>
        encodeFlowOpen({ label, ttl: 1, destination, protocol, body: new Uint8Array(0) });
      const labels = Array.from({ length: 300 }, () => systemRandom.bytes(8));
      await link.paced(labels.map((label) => open(label)));
      await link.paced([open(labels[0] ?? systemRandom.bytes(8)), open(systemRandom.bytes(8), 'nobody/1')]);
      const codes = (): (number | undefined)[] =>
        link.frames.filter(({ kind }) => kind === FrameKind.FLOW_CLOSE).map(({ body }) => body[8]);
      await world.until('the refusals', () => codes().length === 300 - FLOWS_PER_PEER_MAX + 2);
      expect(codes().filter((code) => code === FlowCloseCode.LIMIT).length).toBe(
        300 - FLOWS_PER_PEER_MAX + 1,
      );
      expect(flows.length).toBe(FLOWS_PER_PEER_MAX);
      link.raw.terminate();
      await world.until('all end', () => ends.length === FLOWS_PER_PEER_MAX);
      port.close();
    },
  },
  {
    trap: 'M6',
    title:
      'what only a neighbour itself may be sent is dropped and counted where it is to go on to another one',
    run: async (world, expect) => {
      const { heard, link, flow } = await relayedFlow(world);
      const send = (length: number): void => {
        link.send(encodeFlowAttached(flow(length), 28));
        link.raw.send(new Uint8Array(length));
      };
      send(FLOW_SEALED_BODY_BYTES_MAX);
      await world.until('it is dropped', () => world.counter('flows:dropped') === 1);
      send(FLOW_BODY_BYTES_MAX);
      await world.until('what any link takes arrives', () => heard.length === 1);
      expect(heard).toEqual([FLOW_BODY_BYTES_MAX]);
    },
  },
  {
    trap: 'M6',
    title: 'messages of flows that nobody opened are answered to a bound by a neighbour’s queue',
    run: async (world, expect) => {
      const link = await world.link(undefined, { isSilent: true });
      link.raw.pause();
      const before = heldBytes();
      const body = new Uint8Array(0);
      for (let record = 0; record < 60 && link.raw.isOpen; record += 1) {
        for (let flow = 0; flow < 100; flow += 1)
          link.send(encodeFlow({ label: systemRandom.bytes(8), isCongested: false, body }));
        await link.raw.flushed();
      }
      const peer = world.victim.getPeers().find(({ nodeId }) => nodeId === link.party.self.nodeId);
      expect(peer?.queuedBytes ?? 0).toBeLessThanOrEqual(QUEUE_BYTES_MAX);
      expect(heldBytes() - before).toBeLessThanOrEqual(GROWTH_BYTES);
    },
  },
];

/** An attacker's flow through the victim to an honest node, and the lengths that arrive there. */
async function relayedFlow(world: HostileWorld): Promise<{
  readonly heard: readonly number[];
  readonly link: LinkAttacker;
  readonly flow: (bodyBytes: number) => Uint8Array;
}> {
  const [alice] = world.honest;
  const heard: number[] = [];
  let isOpen = false;
  alice.open(PROTOCOL, {
    flow: (flow) => {
      isOpen = true;
      flow.handle({ message: ({ length }) => void heard.push(length) });
    },
  });
  const link = await world.link();
  const label = systemRandom.bytes(8);
  const { nodeIdBytes: destination } = (await world.party('alice')).self;
  link.send(encodeFlowOpen({ label, ttl: 8, destination, protocol: PROTOCOL, body: new Uint8Array(0) }));
  await world.until('the flow leads through the victim', () => isOpen);
  return {
    heard,
    link,
    flow: (bodyBytes) => encodeFlow({ label, isCongested: false, body: new Uint8Array(bodyBytes) }),
  };
}
