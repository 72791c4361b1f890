import { expect, jest, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';
import { hear, lineOf, linkPair } from './support-network/lines.js';

// Up to nine nodes shake hands in one test, with real keys.
jest.setTimeout(60_000);

test('a direct message crosses seven links, and its acknowledgement comes back', async () => {
  const mesh = await lineOf(7);
  const heard = hear(mesh, 'n7');
  const [near, far] = [mesh.node('n0'), mesh.node('n7')];
  const result = await mesh.run(near.sendTo(far.nodeId, 'over seven links', { ack: true }));
  expect(result).toEqual({ id: expect.any(String), via: mesh.node('n1').nodeId, acknowledged: true });
  expect(heard).toEqual(['over seven links']);
  expect(near.routesTo(far.nodeId)).toEqual([
    { via: mesh.node('n1').nodeId, hops: 7, rttMs: expect.any(Number) },
  ]);
  await mesh.stop();
});

test('the other end knows the way back without a search of its own', async () => {
  const mesh = await lineOf(4);
  const heard = hear(mesh, 'n0');
  const [near, far] = [mesh.node('n0'), mesh.node('n4')];
  await mesh.run(near.sendTo(far.nodeId, 'hello', { ack: true }));
  await mesh.run(far.sendTo(near.nodeId, 'and back', { ack: true }));
  expect(heard).toEqual(['and back']);
  expect(far.counters['routes:found']).toBeUndefined();
  await mesh.stop();
});

test('many messages of both ends arrive once each, in order', async () => {
  const mesh = await lineOf(5);
  const heard = [hear(mesh, 'n0'), hear(mesh, 'n5')];
  const [near, far] = [mesh.node('n0'), mesh.node('n5')];
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const results = await mesh.run(
    Promise.all([
      ...numbers.map((number) => near.sendTo(far.nodeId, number, { ack: true })),
      ...numbers.map((number) => far.sendTo(near.nodeId, number, { ack: true })),
    ]),
  );
  expect(results.every(({ acknowledged }) => acknowledged)).toBe(true);
  expect(heard).toEqual([numbers, numbers]);
  await mesh.stop();
});

test('a node that nobody reaches is told within six seconds', async () => {
  const mesh = await lineOf(3);
  const stranger = (await mesh.identity('nobody')).nodeId;
  const startMs = mesh.clock.monotonicMs();
  expect(await mesh.run(failure(mesh.node('n0').sendTo(stranger, 'anyone?', { ack: true })))).toBe(
    'MESH_UNREACHABLE',
  );
  expect(mesh.clock.monotonicMs() - startMs).toBeLessThanOrEqual(6_000);
  await mesh.stop();
});

test('a destination that dies while its acknowledgement is awaited is told within fifteen seconds', async () => {
  const mesh = await lineOf(3);
  const far = mesh.node('n3').nodeId;
  await mesh.run(mesh.node('n0').sendTo(far, 'alive?', { ack: true }));
  mesh.kill('n3');
  const startMs = mesh.clock.monotonicMs();
  expect(await mesh.run(failure(mesh.node('n0').sendTo(far, 'still?', { ack: true })))).toBe(
    'MESH_UNREACHABLE',
  );
  expect(mesh.clock.monotonicMs() - startMs).toBeLessThanOrEqual(15_100);
  await mesh.stop();
});

/** A line of five nodes with a second way around the middle one; its first message has gone from end to end. */
async function lineWithDetour() {
  const mesh = await lineOf(4);
  await mesh.start('detour', { maxPeers: 32 });
  await linkPair(mesh, 'n1', 'detour');
  await linkPair(mesh, 'detour', 'n3');
  const heard = hear(mesh, 'n4');
  const [near, far] = [mesh.node('n0'), mesh.node('n4').nodeId];
  await mesh.run(near.sendTo(far, 'first', { ack: true }));
  return { mesh, heard, near, far };
}

test('a hop dies between two messages, and the second takes another way', async () => {
  const { mesh, heard, near, far } = await lineWithDetour();
  mesh.kill('n2');
  const result = await mesh.run(near.sendTo(far, 'second', { ack: true }));
  expect(result.acknowledged).toBe(true);
  expect(heard).toEqual(['first', 'second']);
  await mesh.stop();
});

test('a link that is silent, not closed, is gone around as well', async () => {
  const { mesh, heard, near, far } = await lineWithDetour();
  mesh.network.stall('n1', 'n2');
  mesh.network.stall('n2', 'n1');
  expect((await mesh.run(near.sendTo(far, 'second', { ack: true }))).acknowledged).toBe(true);
  expect(heard).toEqual(['first', 'second']);
  await mesh.stop();
});

test('three next hops through different neighbours are found, and via is honoured', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'x', 'y', 'z', 'b'],
    latencyMs: 20,
    options: { maxPeers: 32 },
  });
  for (const middle of ['x', 'y', 'z']) {
    await mesh.connect('a', middle);
    await mesh.connect(middle, 'b');
  }
  await mesh.advance(1_000);
  const [a, b] = [mesh.node('a'), mesh.node('b').nodeId];
  await mesh.run(a.sendTo(b, 'first', { ack: true }));
  await mesh.advance(1_000);
  const routes = a.routesTo(b);
  expect(routes.map(({ hops }) => hops)).toEqual([2, 2, 2]);
  expect(new Set(routes.map(({ via }) => via)).size).toBe(3);
  for (const middle of ['x', 'y', 'z']) {
    const via = mesh.node(middle).nodeId;
    const before = mesh.node(middle).counters['messages:forwarded'] ?? 0;
    expect(await mesh.run(a.sendTo(b, middle, { via, ack: true }))).toMatchObject({
      via,
      acknowledged: true,
    });
    expect(mesh.node(middle).counters['messages:forwarded']).toBeGreaterThan(before);
  }
  await mesh.stop();
});

test('via leads a longer way round, even to a neighbour', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'], latencyMs: 20 });
  await mesh.connectAll();
  await mesh.advance(500);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => mesh.node(name));
  const heard = hear(mesh, 'b');
  const via = c?.nodeId;
  expect(
    await mesh.run(a?.sendTo(b?.nodeId as never, 'round', { via, ack: true }) as Promise<unknown>),
  ).toMatchObject({ via, acknowledged: true });
  expect(heard).toEqual(['round']);
  await mesh.stop();
});

test('a via that is no neighbour is MESH_UNREACHABLE at once', async () => {
  const mesh = await lineOf(2);
  const stranger = (await mesh.identity('nobody')).nodeId;
  const startMs = mesh.clock.monotonicMs();
  const sent = mesh.node('n0').sendTo(mesh.node('n2').nodeId, 'hello', { via: stranger });
  expect(await mesh.run(failure(sent))).toBe('MESH_UNREACHABLE');
  expect(mesh.clock.monotonicMs() - startMs).toBeLessThan(100);
  await mesh.stop();
});

test('keyOf finds the key of a node that was never met', async () => {
  const mesh = await lineOf(4);
  const identity = await mesh.identity('n4');
  expect(await mesh.run(mesh.node('n0').keyOf(identity.nodeId))).toEqual(identity.publicKey);
  const stranger = (await mesh.identity('nobody')).nodeId;
  expect(await mesh.run(failure(mesh.node('n0').keyOf(stranger)))).toBe('MESH_KEY_UNKNOWN');
  await mesh.stop();
});

test('the largest direct message crosses relays', async () => {
  const mesh = await lineOf(3);
  const heard = hear(mesh, 'n3');
  const block = new Uint8Array(524_000).fill(7);
  await mesh.run(mesh.node('n0').sendTo(mesh.node('n3').nodeId, block, { ack: true }));
  expect(heard).toEqual([block]);
  await mesh.stop();
});

test('a message whose acknowledgement is held up is sent again, delivered once and acknowledged again', async () => {
  const mesh = await lineOf(2);
  const heard = hear(mesh, 'n2');
  const [near, far] = [mesh.node('n0'), mesh.node('n2')];
  await mesh.run(near.sendTo(far.nodeId, 'first', { ack: true }));
  const resume = mesh.network.stall('n1', 'n0');
  const sent = near.sendTo(far.nodeId, 'second', { ack: true });
  await mesh.advance(1_200);
  resume();
  expect((await mesh.run(sent)).acknowledged).toBe(true);
  await mesh.advance(1_000);
  expect(heard).toEqual(['first', 'second']);
  expect(near.counters['messages:resent']).toBeGreaterThan(0);
  expect(far.counters['acknowledgements:sent']).toBeGreaterThan(2);
  await mesh.stop();
});

test('an acknowledged send that is aborted or stopped says so, and leaves nothing behind', async () => {
  const mesh = await lineOf(2);
  const far = mesh.node('n2').nodeId;
  await mesh.run(mesh.node('n0').sendTo(far, 'first', { ack: true }));
  mesh.network.stall('n1', 'n0');
  const controller = new AbortController();
  const aborted = failure(mesh.node('n0').sendTo(far, 'second', { ack: true, signal: controller.signal }));
  const stopped = failure(mesh.node('n0').sendTo(far, 'third', { ack: true }));
  await mesh.advance(200);
  controller.abort(new Error('changed my mind'));
  expect(await mesh.run(aborted)).toContain('changed my mind');
  await mesh.run(mesh.node('n0').stop());
  expect(await mesh.run(stopped)).toBe('MESH_STOPPED');
  await mesh.stop();
});

test('a message that its destination’s gate turns away is not acknowledged', async () => {
  const mesh = await lineOf(2);
  mesh.node('n2').open('gated/1', { gate: () => 'ignore' });
  const port = mesh.node('n0').open('gated/1', {});
  expect(await mesh.run(failure(port.send(mesh.node('n2').nodeId, 'no', { ack: true })))).toBe(
    'MESH_UNREACHABLE',
  );
  await mesh.stop();
});

test('a relay searches nearby for what it forwards, and tells its neighbour where that is in vain', async () => {
  const mesh = await lineOf(4);
  const [near, far] = [mesh.node('n0'), mesh.node('n4').nodeId];
  await mesh.run(near.sendTo(far, 'first', { ack: true }));
  mesh.kill('n4');
  await mesh.advance(5_000);
  await mesh.run(near.sendTo(far, 'into the void'));
  await mesh.advance(3_000);
  expect(mesh.node('n3').counters['messages:undeliverable']).toBe(1);
  expect(mesh.node('n2').routesTo(far)).toEqual([]);
  await mesh.stop();
});
