import { BATCH_HEAD_BYTES, ML_DSA_65_SIGNATURE_BYTES } from '@yakmesh/crypto';
import { decodeProtocolFrame, encodeProtocolFrame } from '../../../link/flow-frames.js';
import { FrameKind } from '../../../record/frames.js';
import {
  decodeRouteMessage,
  encodeRouteReply,
  encodeRouteRequest,
  type RouteRequest,
} from '../../../routing/messages.js';
import { REQUESTS_BURST } from '../../../routing/routing-limits.js';
import { codeOf, systemRandom } from '../../../transport/index.js';
import { networkPrefix } from '../../../network-hash.js';
import type { Attack } from '../attack.js';
import type { HostileWorld } from '../hostile-world.js';
import type { LinkAttacker } from '../link-attacker.js';
import type { Party } from '../parties.js';

const PROTOCOL = 'route/1';

/** Ways to other nodes. */
export const routeAttacks: readonly Attack[] = [
  {
    trap: 'M1',
    title: 'a forged answer to a search makes no way and gives no key away as another node’s',
    run: async (world, expect) => {
      const link = await routing(world);
      const missing = await world.party('mallory');
      const search = world.victim.keyOf(missing.self.nodeId).then(() => 'found', codeOf);
      await world.until('the request', () => requests(link).length > 0);
      for (const { id } of requests(link))
        link.send(encodeProtocolFrame(PROTOCOL, forged(world, missing, id)));
      await world.until('the fault', () => world.counter('route/1:ROUTE_BAD_STATEMENT') > 0);
      expect(await search).toBe('MESH_KEY_UNKNOWN');
      expect(world.victim.routesTo(missing.self.nodeId)).toEqual([]);
    },
  },
  {
    trap: 'M6',
    title: 'requests without end are passed on up to a budget, and cost nobody its link',
    run: async (world, expect) => {
      const link = await routing(world);
      const { nodeIdBytes } = (await world.party('mallory')).self;
      const request = (): Uint8Array =>
        encodeProtocolFrame(
          PROTOCOL,
          encodeRouteRequest({
            id: systemRandom.bytes(16),
            destination: nodeIdBytes,
            ttl: 31,
            hops: 0,
            newerThanMs: 0,
          }),
        );
      await link.paced(Array.from({ length: 4 * REQUESTS_BURST }, request));
      await world.until('the budget’s end', () => world.counter('route/1:ROUTE_TOO_MANY_REQUESTS') > 0);
      expect(world.victim.isConnectedTo(link.party.self.nodeId)).toBe(true);
    },
  },
];

/** A neighbour that says it speaks the protocol. */
async function routing(world: HostileWorld): Promise<LinkAttacker> {
  const link = await world.proven();
  link.info({ protocols: ['yakmesh/1', PROTOCOL] });
  await world.until('the link', () => world.victim.isConnectedTo(link.party.self.nodeId));
  return link;
}

/** What the victim asks its neighbour. */
function requests(link: LinkAttacker): RouteRequest[] {
  return link.frames.flatMap(({ kind, body }) => {
    const frame = kind === FrameKind.PROTOCOL ? decodeProtocolFrame(body) : undefined;
    const message = frame?.protocol === PROTOCOL ? decodeRouteMessage(frame.body) : undefined;
    return message?.type === 'request' ? [message] : [];
  });
}

/** "I am here", signed by nobody. */
function forged(world: HostileWorld, { self }: Party, id: Uint8Array): Uint8Array {
  const statement = {
    timeMs: Date.now(),
    networkPrefix: networkPrefix(world.network),
    publicKey: self.publicKey,
    head: systemRandom.bytes(BATCH_HEAD_BYTES),
    signature: systemRandom.bytes(ML_DSA_65_SIGNATURE_BYTES),
    index: 0,
    salt: systemRandom.bytes(16),
    path: new Uint8Array(0),
  };
  return encodeRouteReply({ id, hops: 0, statement });
}
