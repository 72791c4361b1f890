import { expect, test } from '@jest/globals';
import { decodeNodeId, encodeNodeId, type NodeId } from '@yakmesh/crypto';
import type { Neighbour } from '../src/membership/active-view.js';
import { HINT_DIALS_MAX, MEMBER_DIALS_MAX, MEMBER_FRAMES_MAX } from '../src/membership/limits.js';
import type { MembershipAction } from '../src/membership/actions.js';
import { MembershipMachine } from '../src/membership/membership-machine.js';
import { decodeMember, encodeMember, type MemberEntry } from '../src/membership/messages.js';
import type { RecruitAction } from '../src/membership/recruiter.js';
import { SeededRandom } from '../src/testing/index.js';

const SELF = id(0);

test('a hint is dialled only for the node that it names, and no more than three at once', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.hinted(id(1), hints(10, 30), 0);
  const dials = typed(machine.tick(1_000), 'dial');
  expect(dials).toHaveLength(MEMBER_DIALS_MAX);
  for (const { nodeId, endpoint } of dials) expect(endpoint).toBe(endpointOf(nodeId));
});

test('a neighbour that hints without end aims us at no more than 24 endpoints in a minute', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  let dials = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    const wanted = typed(machine.hinted(id(1), hints(100 + nowMs, 8), nowMs), 'dial');
    dials += allRefused(machine, wanted, nowMs).length;
  }
  expect(dials).toBeGreaterThan(5);
  expect(dials).toBeLessThanOrEqual(HINT_DIALS_MAX);
});

test('S1: what is said again and again of a node changes neither its endpoint nor its rank', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.hinted(id(1), [{ nodeId: id(2), endpoint: endpointOf(id(2)) }], 0);
  for (let count = 0; count < 100; count += 1)
    machine.hinted(id(1), [{ nodeId: id(2), endpoint: 'ws://203.0.113.66:9001/' }], 0);
  expect(machine.passiveSize).toBe(1);
  expect(typed(machine.tick(1_000), 'dial')).toMatchObject([{ nodeId: id(2), endpoint: endpointOf(id(2)) }]);
});

test('S1: one neighbour’s hearsay takes at most a quarter of the places for hearsay', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.connected(neighbour(2), 0);
  machine.hinted(id(2), hints(50, 5), 0);
  machine.hinted(id(1), hints(1_000, 500), 0);
  for (let count = 50; count < 55; count += 1) expect(machine.knows(id(count))).toBe(true);
  // 60 places, half of them for what is proven.
  expect(machine.passiveSize).toBeLessThanOrEqual(5 + 8);
});

test('what a neighbour has only told us is told to nobody', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.connected(neighbour(2), 0);
  machine.hinted(id(1), hints(50, 20), 0);
  const told = new Set<NodeId>();
  for (let nowMs = 0; nowMs < 300_000; nowMs += 500)
    for (const { body } of typed(machine.tick(nowMs), 'send')) {
      const message = decodeMember(body);
      if (message?.type === 'shuffle') for (const entry of message.entries) told.add(encodeNodeId(entry.id));
    }
  expect([...told].sort()).toEqual([SELF, id(1), id(2)].sort());
});

test('a node that shook hands with us and left is dialled again, one that misbehaved or was sent away is not', () => {
  for (const [why, isDialled] of [
    ['missed', true],
    ['unwanted', false],
  ] as const) {
    const machine = machineOf();
    machine.connected(neighbour(1), 0);
    machine.disconnected(id(1), why, 1_000);
    expect(typed(machine.tick(2_000), 'dial')).toHaveLength(isDialled ? 1 : 0);
  }
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.forget(id(1));
  machine.disconnected(id(1), 'missed', 1_000);
  expect(typed(machine.tick(60_000), 'dial')).toEqual([]);
});

test('without neighbours a lost one is dialled for ever, at most 5 s apart', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.disconnected(id(1), 'missed', 0);
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 7_200_000; nowMs = machine.deadlineMs ?? Infinity)
    for (const { nodeId } of typed(machine.tick(nowMs), 'dial')) {
      times.push(nowMs);
      machine.dialled(nodeId, 'MESH_CONNECT_FAILED', nowMs);
    }
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
  expect(times.length).toBeGreaterThan(2_000);
});

test('known peers of an earlier start are dialled at once, as one who needs any neighbour', () => {
  const machine = machineOf();
  const dials = typed(machine.restore(hints(10, 40), 0), 'dial');
  expect(dials).toHaveLength(MEMBER_DIALS_MAX);
  for (const { purpose } of dials) expect(purpose).toBe('join');
});

test('when the first known peers are gone all others get their turn', () => {
  const machine = machineOf();
  const tried = new Set<NodeId>();
  let wanted = typed(machine.restore(hints(10, 100), 0), 'dial');
  for (
    let nowMs = 0;
    nowMs < 120_000 && tried.size < 100;
    nowMs = Math.max(nowMs + 1, machine.deadlineMs ?? 0)
  ) {
    for (const nodeId of allRefused(machine, wanted, nowMs)) tried.add(nodeId);
    wanted = typed(machine.tick(nowMs), 'dial');
  }
  expect(tried.size).toBe(100);
});

test('a full node gives up only who came in by itself and has enough others', () => {
  const machine = machineOf();
  for (let count = 1; count <= 10; count += 1)
    machine.connected({ ...neighbour(count), isInbound: count > 2, isKept: count === 3, isHeld: false }, 0);
  expect(machine.spares(60_000)).toEqual([]);
  for (let count = 1; count <= 9; count += 1) machine.receive(id(count), state(count === 4 ? 2 : 8), 0);
  expect([...machine.spares(60_000)].sort()).toEqual([5, 6, 7, 8, 9].map(id).sort());
  machine.receive(id(5), encodeMember({ type: 'state', degree: 8, isHeld: true }), 0);
  expect(machine.spares(60_000)).not.toContain(id(5));
});

test('where few have enough others, newcomers share: the one that was here longest leaves, after a second', () => {
  const machine = machineOf();
  for (let count = 1; count <= 10; count += 1)
    machine.connected({ ...neighbour(count), isInbound: true }, count);
  for (let count = 1; count <= 3; count += 1) machine.receive(id(count), state(8), 20);
  expect(machine.spares(500)).toEqual([]);
  expect(machine.spares(5_000)[0]).toBe(id(4));
});

test('neighbours of other networks’ addresses are preferred', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.connected(neighbour(2), 0);
  const near = hints(20, 7);
  const far = { nodeId: id(9_000), endpoint: 'ws://198.51.100.1:9001/' };
  machine.hinted(id(1), [...near, far], 0);
  // All of them are due by then, and three places are free.
  expect(typed(machine.tick(10_000), 'dial').map(({ nodeId }) => nodeId)).toContain(far.nodeId);
});

test('frames beyond 400 in ten seconds are counted and not read', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  const faults: MembershipAction[] = [];
  for (let count = 0; count < MEMBER_FRAMES_MAX + 5; count += 1)
    faults.push(...typed(machine.receive(id(1), state(1), 0), 'fault'));
  expect(faults).toHaveLength(5);
  expect(faults).toMatchObject(faults.map(() => ({ code: 'MEMBER_TOO_MANY', weight: 0 })));
});

test('bytes that are no message are held against the neighbour that sent them', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  expect(machine.receive(id(1), Uint8Array.of(99, 1), 0)).toMatchObject([
    { type: 'fault', from: id(1), code: 'MEMBER_BAD_MESSAGE', weight: 10 },
  ]);
});

test('an endpoint that failed is neither dialled nor told on for ten minutes, whoever names it', () => {
  const machine = machineOf();
  machine.connected(neighbour(1), 0);
  machine.connected(neighbour(2), 0);
  machine.hinted(id(1), hints(10, 1), 0);
  expect(typed(machine.tick(5_000), 'dial')).toHaveLength(1);
  machine.dialled(id(10), 'MESH_CONNECT_FAILED', 5_000);
  machine.hinted(id(2), hints(10, 1), 6_000);
  expect(machine.knows(id(10))).toBe(false);
  expect(machine.isDialable({ nodeId: id(10), endpoint: endpointOf(id(10)) }, 6_000)).toBe(false);
  machine.hinted(id(2), hints(10, 1), 606_000);
  expect(machine.knows(id(10))).toBe(true);
});

/** All these dials fail, and those that follow: who was dialled. */
function allRefused(machine: MembershipMachine, dials: readonly RecruitAction[], nowMs: number): NodeId[] {
  const dialled: NodeId[] = [];
  const waiting = [...dials];
  for (let dial = waiting.shift(); dial !== undefined; dial = waiting.shift()) {
    dialled.push(dial.nodeId);
    waiting.push(...typed(machine.dialled(dial.nodeId, 'MESH_CONNECT_FAILED', nowMs), 'dial'));
  }
  return dialled;
}

function machineOf(maxPeers = 10): MembershipMachine {
  return new MembershipMachine({
    self: SELF,
    random: new SeededRandom('membership'),
    maxPeers,
    endpoint: () => endpointOf(SELF),
    groupOf: (text) =>
      text
        .replace(/^ws:\/\//, '')
        .split('.')
        .slice(0, 2)
        .join('.'),
  });
}

function neighbour(number: number): Neighbour {
  const nodeId = id(number);
  const endpoint = endpointOf(nodeId);
  const address = endpoint.slice(5).split(':')[0] ?? '';
  return {
    nodeId,
    endpoint,
    address,
    isInbound: false,
    isKept: false,
    isHeld: false,
    isJoining: false,
    speaks: true,
  };
}

function hints(from: number, count: number): MemberEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const nodeId = id(from + index);
    return { nodeId, endpoint: endpointOf(nodeId) };
  });
}

function id(number: number): NodeId {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return encodeNodeId(bytes);
}

function endpointOf(nodeId: NodeId): string {
  const bytes = decodeNodeId(nodeId) ?? new Uint8Array(32);
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return `ws://10.${(number >> 8) & 255}.${number & 255}.${number >> 16}:9001/`;
}

function state(degree: number): Uint8Array {
  return encodeMember({ type: 'state', degree, isHeld: false });
}

function typed<Type extends MembershipAction['type']>(
  actions: readonly MembershipAction[],
  type: Type,
): Extract<MembershipAction, { type: Type }>[] {
  return actions.filter(
    (action): action is Extract<MembershipAction, { type: Type }> => action.type === type,
  );
}
