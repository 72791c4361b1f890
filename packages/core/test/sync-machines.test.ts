import { expect, test } from '@jest/globals';
import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import { decodeSyncFrame, encodeSyncFrame } from '../src/sync/messages.js';
import { NeighbourMachine } from '../src/sync/neighbour-machine.js';
import type { NeighbourAction } from '../src/sync/neighbour-actions.js';
import { RangeIndex } from '../src/sync/range-index.js';
import type { RecordMeta } from '../src/sync/record.js';
import { RoundMachine } from '../src/sync/round-machine.js';
import { FetchMachine, type FetchAction } from '../src/sync/fetch-machine.js';
import { cutValue } from '../src/sync/large-values.js';
import {
  FETCH_LIFE_MS,
  FETCH_STALL_MS,
  ROUND_AGAIN_MS,
  STALL_MS,
  WINDOW_FRAMES,
} from '../src/sync/limits.js';
import { encodeCompare, encodeFetch, MANIFEST } from '../src/sync/stream-messages.js';
import { SeededRandom } from '../src/testing/index.js';
import { modelNode, reconcile } from './support/model-sync.js';

const [ALICE, BOB] = ['alice', 'bob'] as NodeId[] as [NodeId, NodeId];
const ALL = { from: '', to: undefined, count: 5, fingerprint: new Uint8Array(16) };

test('a neighbour that sends beyond the window is counted, and its stream is heard no more', async () => {
  const node = modelNode('a');
  const machine = node.machine('liar');
  // While something is being stored, nothing of the stream is taken: the window fills.
  await node.write('notes', 'k', 1);
  const received = await recordFrames(node);
  const atMs = node.nowMs();
  expect(types(machine.receive(received, atMs))).toEqual(['store']);
  const filler = encodeCompare([ALL], false)[0] ?? new Uint8Array(0);
  const codes: string[] = [];
  for (let number = 1; number <= WINDOW_FRAMES + 2; number += 1)
    codes.push(...rejections(machine.receive(data(epochOf(received), number, filler), atMs)));
  expect(codes).toEqual(['SYNC_WINDOW']);
  const [demand] = machine.receive(data(epochOf(received), 3, filler), atMs + 1_000);
  expect(demand?.type === 'frame' && decodeSyncFrame(demand.body)?.type).toBe('restart');
});

test('bytes that are no message are counted, and a new epoch is heard again', () => {
  const machine = machineOf();
  const bad = data(1, 0, Uint8Array.of(1, 0, 0, 2, 9, 9));
  expect(rejections(machine.receive(bad, 0))).toEqual(['SYNC_BAD_MESSAGE']);
  expect(rejections(machine.receive(Uint8Array.of(9), 0))).toEqual(['SYNC_BAD_FRAME']);
  const good = machine.receive(data(2, 0, encodeCompare([ALL], false)[0] ?? new Uint8Array(0)), 0);
  expect(types(good)).toContain('frame');
});

test('a message that claims to be longer than any is refused before it is waited for', () => {
  const claim = Uint8Array.of(6, 0xff, 0xff, 0xff);
  expect(rejections(machineOf().receive(data(1, 0, claim), 0))).toEqual(['SYNC_BAD_MESSAGE']);
});

test('rounds that a neighbour begins too often are counted and not answered', () => {
  const machine = machineOf();
  const opening = encodeCompare([ALL], true)[0] ?? new Uint8Array(0);
  const actions = Array.from({ length: 6 }, (_, number) =>
    machine.receive(data(1, number, opening), 0),
  ).flat();
  expect(types(actions).filter((type) => type === 'asked')).toHaveLength(4);
  expect(rejections(actions)).toEqual(['SYNC_TOO_OFTEN', 'SYNC_TOO_OFTEN']);
});

test('comparisons beyond the pace wait for their time and are then answered', () => {
  const machine = machineOf();
  let number = 0;
  const many = encodeFetch(new Uint8Array(32), 0, 1);
  const stream = new Uint8Array(many.length * 400);
  for (let at = 0; at < stream.length; at += many.length) stream.set(many, at);
  for (; number < 2; number += 1) machine.receive(data(1, number, stream.slice(0, 16_000)), 0);
  expect(machine.deadlineMs).toBeLessThan(20);
  machine.tick(machine.deadlineMs ?? 0);
  expect(machine.deadlineMs).toBeLessThan(20);
});

test('without any answer a round ends, and is to be repeated', () => {
  const machine = machineOf();
  machine.begin(0);
  expect(machine.deadlineMs).toBe(STALL_MS);
  expect(machine.tick(STALL_MS)).toMatchObject([
    { type: 'reject', code: 'SYNC_STALLED', weight: 0 },
    { type: 'round', isComplete: false },
  ]);
  expect([machine.deadlineMs, machine.isRound]).toEqual([undefined, false]);
});

test('an acknowledgement of what was never sent changes nothing', () => {
  const machine = machineOf();
  const [frame] = machine.begin(0);
  if (frame?.type !== 'frame') throw new Error('no frame');
  const epoch = epochOf(frame.body);
  const lie = encodeSyncFrame({ type: 'ack', epoch, received: 9, sent: 0, isIdle: true });
  expect(machine.receive(lie, 1)).toEqual([]);
  expect(machine.isRound).toBe(true);
  const truth = encodeSyncFrame({ type: 'ack', epoch, received: 1, sent: 0, isIdle: true });
  expect(machine.receive(truth, 2)).toEqual([{ type: 'round', isComplete: true, received: 0, sent: 0 }]);
});

test('what a neighbour sent is acknowledged only once it is durable', async () => {
  const node = modelNode('a');
  await node.write('notes', 'k', 1);
  const machine = machineOf();
  const actions = machine.receive(await recordFrames(node), 0);
  const [store] = actions;
  if (store?.type !== 'store') throw new Error('nothing to store');
  expect(actions).toHaveLength(1);
  const [acknowledgement] = machine.stored(store.ticket, 5);
  if (acknowledgement?.type !== 'frame') throw new Error('no acknowledgement');
  expect(decodeSyncFrame(acknowledgement.body)).toMatchObject({ type: 'ack', received: 1, isIdle: true });
});

test('where the store fails nothing is acknowledged, and the next round brings it again', async () => {
  const [a, b] = [modelNode('a'), modelNode('b')];
  await a.write('notes', 'k', 1);
  b.failures = 1;
  await reconcile(b, a);
  expect(b.rounds).toMatchObject([{ isComplete: false }]);
  await reconcile(b, a);
  expect(b.fingerprint).toBe(a.fingerprint);
});

test('a neighbour that we dialled gets a round at once, another one in its time, and one at a time', () => {
  const rounds = new RoundMachine(new SeededRandom('rounds'));
  expect(rounds.joined(ALICE, true, 0)).toEqual([{ type: 'begin', peer: ALICE }]);
  expect(rounds.joined(BOB, true, 0)).toEqual([]);
  expect(rounds.finished(ALICE, false, 100)).toEqual([{ type: 'begin', peer: BOB }]);
  expect(rounds.finished(BOB, true, 200)).toEqual([]);
  expect(rounds.deadlineMs).toBe(100 + ROUND_AGAIN_MS);
  expect(rounds.tick(100 + ROUND_AGAIN_MS)).toEqual([{ type: 'begin', peer: ALICE }]);
  expect(rounds.gone(ALICE, 6_000)).toEqual([]);
  const nextMs = rounds.deadlineMs ?? 0;
  expect(nextMs >= 48_000 && nextMs <= 72_000).toBe(true);
  expect(rounds.tick(nextMs)).toEqual([{ type: 'begin', peer: BOB }]);
  expect(rounds.gone(BOB, nextMs)).toEqual([]);
  expect(rounds.deadlineMs).toBeUndefined();
});

test('a large value comes chunk by chunk, each checked, and goes on with another neighbour where one has nothing', () => {
  const { fetches, root, name, cut, value } = fetching();
  expect(fetches.joined(ALICE, 0)).toEqual([]);
  expect(asks(fetches.want(name, value.length, [], ALICE, 0))).toEqual([[ALICE, MANIFEST, 1]]);
  fetches.joined(BOB, 0);
  expect(asks(fetches.chunk(ALICE, root, MANIFEST, new Uint8Array(0), 1))).toEqual([[BOB, MANIFEST, 1]]);
  const bad = fetches.chunk(BOB, root, MANIFEST, cut.manifest.slice(1), 2);
  expect(bad).toMatchObject([{ type: 'reject', code: 'SYNC_BAD_CHUNK' }]);
  fetches.gone(BOB, 3);
  expect(asks(fetches.joined(BOB, 4))).toEqual([[BOB, MANIFEST, 1]]);
  expect(types(fetches.chunk(BOB, root, MANIFEST, cut.manifest, 5))).toEqual(['keep']);
  expect(asks(fetches.kept(name, MANIFEST, 6))).toEqual([[BOB, 0, 16]]);
  const actions: FetchAction[] = [];
  for (const [index, chunk] of cut.chunks.entries()) {
    actions.push(...fetches.chunk(BOB, root, index, chunk, 7));
    actions.push(...fetches.kept(name, index, 7));
  }
  expect(actions.filter(({ type }) => type === 'keep')).toHaveLength(20);
  expect(actions.at(-1)).toEqual({ type: 'complete', root: name });
  expect(fetches.isFetching(name)).toBe(false);
});

test('an interrupted fetch asks only for what is missing', () => {
  const { fetches, root, name, cut, value } = fetching();
  fetches.joined(ALICE, 0);
  fetches.want(name, value.length, [0, 1, 2, 5], ALICE, 0);
  fetches.chunk(ALICE, root, MANIFEST, cut.manifest, 1);
  expect(asks(fetches.kept(name, MANIFEST, 1))).toEqual([
    [ALICE, 3, 2],
    [ALICE, 6, 14],
  ]);
});

test('a neighbour that does not answer is left for another, and a fetch without progress is given up', () => {
  const { fetches, name, value } = fetching();
  fetches.joined(ALICE, 0);
  fetches.joined(BOB, 0);
  fetches.want(name, value.length, [], ALICE, 0);
  expect(asks(fetches.tick(FETCH_STALL_MS))).toEqual([[BOB, MANIFEST, 1]]);
  expect(fetches.tick(FETCH_LIFE_MS)).toEqual([{ type: 'give-up', root: name }]);
  expect(fetches.deadlineMs).toBeUndefined();
});

function fetching() {
  const value = new SeededRandom('value').bytes(20 * 16_384 - 5);
  const cut = cutValue(value);
  return { fetches: new FetchMachine(), root: cut.root, name: bytesToHex(cut.root), cut, value };
}

function asks(actions: readonly FetchAction[]): unknown[] {
  return actions.flatMap((action) =>
    action.type === 'ask' ? [[action.peer, action.first, action.count]] : [],
  );
}

function machineOf(): NeighbourMachine {
  const index = new RangeIndex<RecordMeta>(new SeededRandom('index'));
  return new NeighbourMachine({ index, random: new SeededRandom('machine'), nowMs: 0 });
}

/** The frame in which a node with one record sends it to a neighbour that has none. */
async function recordFrames(node: ReturnType<typeof modelNode>): Promise<Uint8Array> {
  const none = encodeCompare([{ ...ALL, count: 0 }], true)[0] ?? new Uint8Array(0);
  const frames: Uint8Array[] = [];
  await node.perform('other', node.machine('other').receive(data(7, 0, none), node.nowMs()), (body) =>
    frames.push(body),
  );
  const frame = frames.find((body) => decodeSyncFrame(body)?.type === 'data');
  if (frame === undefined) throw new Error('no record was sent');
  return frame;
}

function data(epoch: number, number: number, piece: Uint8Array): Uint8Array {
  return encodeSyncFrame({ type: 'data', epoch, number, piece });
}

function epochOf(body: Uint8Array): number {
  return decodeSyncFrame(body)?.epoch ?? 0;
}

function types(actions: readonly { readonly type: string }[]): string[] {
  return actions.map(({ type }) => type);
}

function rejections(actions: readonly NeighbourAction[]): string[] {
  return actions.flatMap((action) => (action.type === 'reject' ? [action.code] : []));
}
