import { simulate } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { AnnexChannel, AnnexListener, type SecureChannel } from '../src/index.js';

const NODES = 6;
const FAR = 3;
const MESSAGES = 60;
const BULK_BYTES = 3_000_000;

test('in a simulated ring with loss a channel over several hops outlives cuts of either way, and nothing is lost or doubled', async () => {
  const simulation = await simulate({
    nodes: NODES,
    seed: 'annex',
    crypto: 'real',
    latency: 20,
    loss: 0.01,
    maxPeers: 2,
  });
  for (let index = 0; index < NODES; index += 1)
    await simulation.link(simulation.node(index), simulation.node((index + 1) % NODES));
  await simulation.pass(5_000);
  const [alice, bob] = [simulation.node(0), simulation.node(FAR)];
  // The overlay would make them neighbours when a way is cut.
  simulation.cut(alice, bob);
  const listener = new AnnexListener(bob.identity, bob.mesh);
  const accepted = new Promise<SecureChannel>((resolve) => void listener.on('channel', resolve));
  const channel = new AnnexChannel(alice.identity, bob.nodeId);
  await simulation.run(channel.establish(alice.mesh));
  const far = await simulation.run(accepted);
  const heard: unknown[][] = [[], []];
  far.on('message', (value) => heard[0]?.push(value));
  channel.on('message', (value) => heard[1]?.push(value));
  const sent: Promise<unknown>[] = [];
  let neighbours = 0;
  const vias = new Set<unknown>();
  for (let count = 0; count < MESSAGES; count += 1) {
    sent.push(channel.send(count), far.send(count));
    // One way round, then the other, is cut for half a minute: longer than its links live without a word.
    if (count % 30 === 5) simulation.cut(simulation.node(count < 30 ? 1 : NODES - 1));
    if (count % 30 === 20) {
      simulation.heal();
      simulation.cut(alice, bob);
    }
    await simulation.pass(2_000);
    if (alice.mesh.isConnectedTo(bob.nodeId)) neighbours += 1;
    vias.add(alice.mesh.routesTo(bob.nodeId)[0]?.via);
  }
  expect([neighbours, vias.size > 1]).toEqual([0, true]);
  await simulation.run(Promise.all(sent));
  const all = Array.from({ length: MESSAGES }, (_, count) => count);
  expect([heard, channel.isOpen, far.isOpen]).toEqual([[all, all], true, true]);
  await simulation.run(channel.close());
  await simulation.stop();
}, 60_000);

test('in a simulation bulk crosses to a neighbour as it was sent, and no record of it is refused', async () => {
  const simulation = await simulate({ nodes: 2, seed: 'bulk', crypto: 'real', latency: 20 });
  await simulation.link(simulation.node(0), simulation.node(1));
  await simulation.pass(2_000);
  const [alice, bob] = [simulation.node(0), simulation.node(1)];
  const listener = new AnnexListener(bob.identity, bob.mesh);
  const accepted = new Promise<SecureChannel>((resolve) => void listener.on('channel', resolve));
  const channel = new AnnexChannel(alice.identity, bob.nodeId);
  await simulation.run(channel.establish(alice.mesh));
  const far = await simulation.run(accepted);
  const sent = Uint8Array.from({ length: BULK_BYTES }, (_, at) => at * 7 + (at >> 8));
  const got = [far, channel].map(
    (end) => new Promise((resolve) => void end.once('message', (value) => void resolve(value))),
  );
  await simulation.run(Promise.all([channel.send(sent), far.send(sent)]));
  for (const value of await simulation.run(Promise.all(got)))
    expect(Buffer.compare(value as Uint8Array, sent)).toBe(0);
  expect(Object.keys(listener.counters).filter((name) => name.startsWith('PEER_'))).toEqual([]);
  await simulation.run(channel.close());
  await simulation.stop();
}, 60_000);
