import type { PeerEvent } from '../../transport/index.js';
import { thrown, type Examine } from './compliance-world.js';

const PUBLIC_KEY_BYTES = 1_952;

/** Neighbours: who they are, their events, holds, routes and keys. */
export function examinePeers(examine: Examine): void {
  examine(
    'neighbours are described alike by getPeers, isConnectedTo, routesTo and keyOf',
    3,
    async (world, expect) => {
      world.open(1);
      await world.link(0, 1);
      const near = world.node(0);
      const [peer, ...others] = near.getPeers();
      expect([peer?.nodeId, peer?.direction, others.length]).toEqual([world.id(1), 'outbound', 0]);
      expect(peer?.protocols.includes('exam/1')).toBe(true);
      expect(world.node(1).getPeers()[0]?.direction).toBe('inbound');
      expect([near.isConnectedTo(world.id(1)), near.isConnectedTo(world.id(2))]).toEqual([true, false]);
      expect(near.routesTo(world.id(1)).map(({ via, hops }) => [via, hops])).toEqual([[world.id(1), 1]]);
      expect(near.routesTo(world.id(2))).toEqual([]);
      expect((await world.run(near.keyOf(world.id(1)))).length).toBe(PUBLIC_KEY_BYTES);
      expect(await world.failure(near.keyOf(world.id(2)))).toBe('MESH_KEY_UNKNOWN');
      expect(near.portVersion).toBe(1);
    },
  );

  examine('a key that was given out is the caller’s own copy', 2, async (world, expect) => {
    await world.link(0, 1);
    (await world.run(world.node(0).keyOf(world.id(1)))).fill(0);
    const again = await world.run(world.node(0).keyOf(world.id(1)));
    expect(again.some((byte) => byte !== 0)).toBe(true);
  });

  examine(
    'onPeer tells of links that come and go, with a code, until unsubscribed',
    2,
    async (world, expect) => {
      const events: PeerEvent[] = [];
      world.node(0).onPeer(() => {
        throw new Error('another listener, on purpose');
      });
      const unsubscribe = world.node(0).onPeer((event) => events.push(event));
      await world.link(0, 1);
      await world.unlink(0, 1);
      await world.until('the end is told', () => events.some(({ type }) => type === 'disconnected'));
      const seen = events.filter(({ type }) => type === 'connected' || type === 'disconnected');
      expect(seen.map(({ type, peer }) => [type, peer.nodeId])).toEqual([
        ['connected', world.id(1)],
        ['disconnected', world.id(1)],
      ]);
      const last = seen[1];
      expect(last?.type === 'disconnected' && last.code.length > 0).toBe(true);
      expect(world.node(0).isConnectedTo(world.id(1))).toBe(false);
      unsubscribe();
      unsubscribe();
      const told = events.length;
      await world.link(0, 1);
      expect(events.length).toBe(told);
    },
  );

  examine('at most 1,024 listeners hear of peers', 1, async (world, expect) => {
    for (let count = 0; count < 1_024; count += 1) world.node(0).onPeer(() => undefined);
    expect(thrown(() => world.node(0).onPeer(() => undefined))).toBe('RangeError');
  });

  examine(
    'hold makes a direct link, is let go twice, and counts neighbours that are there',
    2,
    async (world, expect) => {
      const options = { reason: 'exam', endpoint: world.endpoint(1) };
      const release = await world.run(world.node(0).hold(world.id(1), options));
      expect(world.node(0).isConnectedTo(world.id(1))).toBe(true);
      const again = await world.run(world.node(0).hold(world.id(1), { reason: 'exam' }));
      for (const letGo of [release, release, again]) letGo();
    },
  );

  examine(
    'hold of a node that nobody can reach, or under another id, fails with a code',
    3,
    async (world, expect) => {
      const near = world.node(0);
      expect(await world.failure(near.hold(world.id(2), { reason: 'exam' }))).toBe('MESH_UNREACHABLE');
      const wrong = { reason: 'exam', endpoint: world.endpoint(1) };
      expect(await world.failure(near.hold(world.id(2), wrong))).toBe('LINK_PEER_MISMATCH');
    },
  );
}
