// What neighbours say in route/1, and the machine that hears it: nothing throws, nothing grows beyond its bounds, and no way
// exists that no verified statement or traffic made.
import {
  BATCH_HEAD_BYTES,
  bytesKey,
  encodeNodeId,
  equalBytes,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdBytesOf,
} from '@yakmesh/crypto';
import * as messages from '../dist/routing/messages.js';
import { RouteMachine } from '../dist/routing/route-machine.js';
import { machineRandom, must, target } from './mutation.mjs';

const publicKey = new Uint8Array(1_952).fill(1);
const destination = nodeIdBytesOf(publicKey);
const neighbours = [2, 3].map((seed) => new Uint8Array(32).fill(seed));
const id = new Uint8Array(16).fill(4);
const statement = {
  timeMs: 5,
  networkPrefix: new Uint8Array(8),
  publicKey,
  head: new Uint8Array(BATCH_HEAD_BYTES),
  signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
  index: 1,
  salt: new Uint8Array(16),
  path: new Uint8Array(64),
};

const encoders = {
  request: messages.encodeRouteRequest,
  reply: messages.encodeRouteReply,
  error: messages.encodeRouteError,
};

export default target({
  name: 'routing',
  samples: () => [
    messages.encodeRouteRequest({ id, destination, ttl: 5, hops: 2, newerThanMs: 3 }),
    messages.encodeRouteReply({ id, hops: 3, statement }),
    messages.encodeRouteError({ destination, timeMs: 9 }),
  ],
  decoders: {
    decodeRouteMessage: (bytes) => {
      const message = messages.decodeRouteMessage(bytes);
      if (message === undefined) return;
      must(equalBytes(encoders[message.type](message), bytes), 'a message has one encoding');
    },
  },
  check: (bytes, _prepared, random) => {
    const machine = new RouteMachine({ self: new Uint8Array(32), random: machineRandom(random(1_000)) });
    for (const one of neighbours) machine.connected(encodeNodeId(one), one, 0);
    const [from, other] = neighbours.map((one) => encodeNodeId(one));
    const request = messages.encodeRouteRequest({ id, destination, ttl: 5, hops: 0, newerThanMs: 0 });
    machine.receive(other, request, 0);
    for (const action of machine.receive(from, bytes, 1)) {
      must(
        action.type !== 'verify' || equalBytes(action.destination, destination),
        'only what was asked for is verified',
      );
      if (action.type === 'verify') machine.verified(action.ticket, 'bad', 2);
    }
    must(machine.nextHops(bytesKey(destination), 'source', 2).length === 0, 'nothing unproven makes a way');
  },
});
