import { expect, test } from '@jest/globals';
import {
  BATCH_HEAD_BYTES,
  encodeNodeId,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdBytesOf,
  bytesKey,
} from '@yakmesh/crypto';
import {
  decodeRouteMessage,
  encodeRouteError,
  encodeRouteReply,
  encodeRouteRequest,
  type RouteStatement,
} from '../src/routing/messages.js';
import type { RouteAction } from '../src/routing/route-actions.js';
import { RouteMachine } from '../src/routing/route-machine.js';
import { REPLIES_MAX, REQUESTS_BURST, RINGS } from '../src/routing/routing-limits.js';
import { SeededRandom } from '../src/testing/index.js';
import { linksFrom, randomGraph } from '../src/testing/routing/random-graph.js';

interface Party {
  readonly publicKey: Uint8Array;
  readonly bytes: Uint8Array;
  readonly nodeId: ReturnType<typeof encodeNodeId>;
  readonly key: string;
}

function party(seed: number): Party {
  const publicKey = new Uint8Array(1_952).fill(seed);
  const bytes = nodeIdBytesOf(publicKey);
  return { publicKey, bytes, nodeId: encodeNodeId(bytes), key: bytesKey(bytes) };
}

const [self, left, right, far] = [party(1), party(2), party(3), party(4)];
const ID = new Uint8Array(16).fill(9);

function statement(of: Party, timeMs: number): RouteStatement {
  return {
    timeMs,
    networkPrefix: new Uint8Array(8),
    publicKey: of.publicKey,
    head: new Uint8Array(BATCH_HEAD_BYTES),
    signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
    index: 0,
    salt: new Uint8Array(16),
    path: new Uint8Array(0),
  };
}

/** A relay between left and right. */
function relay(): RouteMachine {
  const machine = new RouteMachine({ self: self.bytes, random: new SeededRandom('routing') });
  for (const neighbour of [left, right]) machine.connected(neighbour.nodeId, neighbour.bytes, 0);
  return machine;
}

const request = (ttl = 5, hops = 0, id: Uint8Array = ID, newerThanMs = 0): Uint8Array =>
  encodeRouteRequest({ id, destination: far.bytes, ttl, hops, newerThanMs });
const reply = (hops: number, timeMs = 1_000, of = far): Uint8Array =>
  encodeRouteReply({ id: ID, hops, statement: statement(of, timeMs) });

/** What is sent, as `to:type`. */
function sent(actions: readonly RouteAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.type !== 'send') return [];
    const name = [left, right, far].indexOf(
      [left, right, far].find(({ nodeId }) => nodeId === action.to) ?? far,
    );
    return [`${['left', 'right', 'far'][name]}:${decodeRouteMessage(action.body)?.type}`];
  });
}

/** Gives a machine an answer and the word that it is good. */
function answered(machine: RouteMachine, from: Party, body: Uint8Array, nowMs: number): RouteAction[] {
  const [action] = machine.receive(from.nodeId, body, nowMs);
  if (action?.type !== 'verify') throw new Error(`no answer to verify but ${action?.type}`);
  return machine.verified(action.ticket, 'good', nowMs);
}

test('a request goes on to the others once, one link further, and a copy does not', () => {
  const machine = relay();
  const actions = machine.receive(left.nodeId, request(5, 1), 0);
  expect(sent(actions)).toEqual(['right:request']);
  const [action] = actions;
  const body = action?.type === 'send' ? decodeRouteMessage(action.body) : undefined;
  expect(body).toMatchObject({ ttl: 4, hops: 2, id: ID });
  expect(machine.receive(right.nodeId, request(5, 4), 0)).toEqual([]);
});

test('a request whose reach is used up goes no further', () => {
  expect(relay().receive(left.nodeId, request(0), 0)).toEqual([]);
});

test('a search tells of the destination alone: nothing in its bytes depends on who searches', () => {
  const bodies = [party(5), party(6)].map((searcher) => {
    const machine = new RouteMachine({ self: searcher.bytes, random: new SeededRandom('same') });
    machine.connected(left.nodeId, left.bytes, 0);
    return machine
      .discover(far.bytes, {}, 0)
      .flatMap((action) => (action.type === 'send' ? [...action.body] : []));
  });
  expect(bodies[0]).toEqual(bodies[1]);
  expect(bodies[0]?.length).toBe(57);
});

test('an answer goes back the way of the request, with our own distance, once its signature holds', () => {
  const machine = relay();
  machine.receive(left.nodeId, request(), 0);
  const [verify] = machine.receive(right.nodeId, reply(2), 10);
  expect(verify?.type).toBe('verify');
  expect(machine.nextHops(far.key, 'relay', 10)).toEqual([]);
  const actions = machine.verified(1, 'good', 20);
  expect(sent(actions)).toEqual(['left:reply']);
  const [action] = actions;
  expect(action?.type === 'send' && decodeRouteMessage(action.body)).toMatchObject({ hops: 3 });
  expect(machine.nextHops(far.key, 'relay', 20)).toMatchObject([{ via: right.nodeId, hops: 2 }]);
});

test('an answer goes back over the way with fewest links, also when that request came second', () => {
  const machine = relay();
  machine.connected(far.nodeId, far.bytes, 0);
  machine.receive(left.nodeId, request(5, 6), 0);
  machine.receive(right.nodeId, request(5, 2), 1);
  expect(sent(answered(machine, far, reply(0), 10))).toEqual(['right:reply']);
});

test('a false signature makes no way, goes nowhere and convicts whoever brought it', () => {
  const machine = relay();
  machine.receive(left.nodeId, request(), 0);
  machine.receive(right.nodeId, reply(0), 10);
  expect(machine.verified(1, 'bad', 20)).toEqual([
    { type: 'fault', from: right.nodeId, code: 'ROUTE_BAD_STATEMENT' },
  ]);
  expect(machine.nextHops(far.key, 'source', 20)).toEqual([]);
});

test('an answer that nobody asked for, or of another node, costs no verification', () => {
  const machine = relay();
  expect(machine.receive(right.nodeId, reply(0), 0)).toMatchObject([{ code: 'ROUTE_UNKNOWN_REQUEST' }]);
  machine.receive(left.nodeId, request(), 0);
  expect(machine.receive(right.nodeId, reply(0, 1_000, right), 0)).toMatchObject([
    { code: 'ROUTE_WRONG_DESTINATION' },
  ]);
});

test('a neighbour that makes up answers uses up no other neighbour’s', () => {
  const machine = relay();
  machine.connected(far.nodeId, far.bytes, 0);
  machine.receive(left.nodeId, request(), 0);
  const kinds = Array.from({ length: 5 }, () => machine.receive(right.nodeId, reply(0), 10)[0]?.type);
  expect(kinds).toEqual(['verify', 'verify', 'verify', 'fault', 'fault']);
  for (const ticket of [1, 2, 3]) machine.verified(ticket, 'bad', 20);
  expect(sent(answered(machine, far, reply(0), 30))).toEqual(['left:reply']);
});

test('a request for a newer statement than the clock allows is answered with the newest there is', () => {
  const machine = new RouteMachine({ self: far.bytes, random: new SeededRandom('far') });
  machine.connected(left.nodeId, left.bytes, 0);
  const actions = machine.receive(left.nodeId, request(5, 0, ID, 2 ** 47), 0);
  expect(actions).toEqual([{ type: 'sign', afterMs: 0, wantedAfterMs: 2 ** 47 }]);
  expect(machine.signed(statement(far, 5_000), 10)).toHaveLength(1);
});

test('a relay that said it is near does not go through a neighbour that is farther', () => {
  const machine = relay();
  machine.receive(left.nodeId, request(), 0);
  answered(machine, right, reply(1), 10);
  machine.lost(right.nodeId);
  machine.connected(right.nodeId, right.bytes, 20);
  machine.receive(left.nodeId, request(5, 0, new Uint8Array(16).fill(8)), 20);
  answered(
    machine,
    right,
    encodeRouteReply({ id: new Uint8Array(16).fill(8), hops: 4, statement: statement(far, 1_000) }),
    30,
  );
  expect(machine.nextHops(far.key, 'relay', 30)).toEqual([]);
});

test('a request that passes a relay whose ways have failed asks for a newer statement', () => {
  const machine = relay();
  machine.receive(left.nodeId, request(), 0);
  answered(machine, right, reply(1, 7_000), 10);
  machine.receive(right.nodeId, encodeRouteError({ destination: far.bytes, timeMs: 7_000 }), 20);
  const [action] = machine.receive(left.nodeId, request(5, 0, new Uint8Array(16).fill(8)), 30);
  expect(action?.type === 'send' && decodeRouteMessage(action.body)).toMatchObject({ newerThanMs: 7_000 });
});

test('an error takes away what rests on that statement, and nothing newer', () => {
  const machine = relay();
  machine.receive(left.nodeId, request(), 0);
  answered(machine, right, reply(1, 7_000), 10);
  const error = (timeMs: number) => encodeRouteError({ destination: far.bytes, timeMs });
  machine.receive(right.nodeId, error(6_999), 20);
  expect(machine.nextHops(far.key, 'relay', 20)).toHaveLength(1);
  machine.receive(right.nodeId, error(7_000), 20);
  expect(machine.nextHops(far.key, 'relay', 20)).toEqual([]);
});

test('one statement answers all requests of a second, over three neighbours each at most', () => {
  const machine = new RouteMachine({ self: far.bytes, random: new SeededRandom('far') });
  const neighbours = Array.from({ length: 5 }, (_, index) => party(10 + index));
  for (const neighbour of neighbours) machine.connected(neighbour.nodeId, neighbour.bytes, 0);
  const actions = neighbours.flatMap(({ nodeId }) => machine.receive(nodeId, request(), 0));
  expect(actions).toEqual([{ type: 'sign', afterMs: 0, wantedAfterMs: 0 }]);
  expect(machine.signed(statement(far, 5_000), 10)).toHaveLength(REPLIES_MAX);
  const other = request(5, 0, new Uint8Array(16).fill(8));
  expect(machine.receive(neighbours[4]?.nodeId ?? left.nodeId, other, 900)).toMatchObject([{ type: 'send' }]);
  const third = request(5, 0, new Uint8Array(16).fill(7));
  expect(machine.receive(neighbours[4]?.nodeId ?? left.nodeId, third, 1_100)).toMatchObject([
    { type: 'sign' },
  ]);
});

test('whatever is asked, no more than ten statements are signed in a second', () => {
  const machine = new RouteMachine({ self: far.bytes, random: new SeededRandom('far') });
  machine.connected(left.nodeId, left.bytes, 0);
  let signed = 0;
  for (let nowMs = 0; nowMs < 1_000; nowMs += 10) {
    const asked = request(5, 0, new SeededRandom(nowMs).bytes(16), nowMs);
    for (const action of [...machine.receive(left.nodeId, asked, nowMs), ...machine.tick(nowMs)]) {
      if (action.type !== 'sign') continue;
      signed += 1;
      machine.signed(statement(far, nowMs + 1), nowMs);
    }
  }
  expect(signed).toBeLessThanOrEqual(10);
});

test('a search widens ring by ring and ends within six seconds', () => {
  const machine = relay();
  const ttls: number[] = [];
  let [nowMs, isFailed] = [0, false];
  for (let actions = machine.discover(far.bytes, {}, 0); !isFailed; actions = machine.tick(nowMs)) {
    for (const action of actions) {
      if (action.type === 'failed') isFailed = true;
      const body = action.type === 'send' ? decodeRouteMessage(action.body) : undefined;
      if (body?.type === 'request') ttls.push(body.ttl + 1);
    }
    if (!isFailed) nowMs = machine.deadlineMs ?? Infinity;
  }
  expect([...new Set(ttls)]).toEqual(RINGS.map(({ ttl }) => ttl));
  expect(nowMs).toBeLessThanOrEqual(6_000);
  expect(machine.deadlineMs).toBeUndefined();
});

test('a search without neighbours fails at once', () => {
  const machine = new RouteMachine({ self: self.bytes, random: new SeededRandom('alone') });
  expect(machine.discover(far.bytes, {}, 0)).toEqual([{ type: 'failed', key: far.key, via: undefined }]);
});

test('a neighbour that asks without end is served up to its budget, and blamed for nothing', () => {
  const machine = relay();
  const random = new SeededRandom('flood');
  const codes = Array.from({ length: REQUESTS_BURST + 10 }, () =>
    machine.receive(left.nodeId, request(5, 0, random.bytes(16)), 0),
  ).flatMap((actions) => actions.flatMap((action) => (action.type === 'fault' ? [action.code] : [])));
  expect(codes).toEqual(Array(10).fill('ROUTE_TOO_MANY_REQUESTS'));
});

test('traffic teaches the way back only with the sender’s word, and a relay tells it on only where it took it up', () => {
  const machine = relay();
  expect(machine.heard(far.key, { via: right.nodeId, sequence: 5_000, hops: 2 }, true, 0)).toBe(true);
  expect(machine.nextHops(far.key, 'relay', 0)).toMatchObject([{ via: right.nodeId, hops: 2 }]);
  // Another way of the same moment that is no better is not taken up: it could lead back here.
  expect(machine.heard(far.key, { via: left.nodeId, sequence: 5_000, hops: 3 }, true, 1)).toBe(false);
  // Nor is a newer one from elsewhere while this one is young, since it would void it.
  expect(machine.heard(far.key, { via: left.nodeId, sequence: 6_000, hops: 1 }, true, 1)).toBe(false);
  expect(machine.heard(far.key, { via: right.nodeId, sequence: 6_000, hops: 4 }, true, 1)).toBe(true);
});

test('nodes of a random graph of 100 find each other, on ways at most half longer than the shortest on average', () => {
  const model = randomGraph({ nodes: 100, degree: 6, seed: 'stretch' });
  let [pairs, stretch, withThree] = [0, 0, 0];
  for (let from = 0; from < 100; from += 1) {
    const shortest = linksFrom(model, from);
    for (let to = from % 7; to < 100; to += 7) {
      const links = shortest[to] ?? Infinity;
      if (links <= 1) continue;
      model.discover(from, to);
      model.run(model.nowMs + 2_500);
      pairs += 1;
      stretch += (model.pathLength(from, to) ?? Infinity) / links;
      if (model.nextNodes(model.node(from), model.node(to).key, 'source').length === 3) withThree += 1;
    }
  }
  expect(pairs).toBeGreaterThan(1_000);
  expect(stretch / pairs).toBeLessThanOrEqual(1.5);
  expect(withThree).toBeGreaterThan(pairs / 4);
}, 120_000);
