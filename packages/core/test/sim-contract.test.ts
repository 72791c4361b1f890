import { expect, test } from '@jest/globals';
import { simulate, type Measured, type Simulation } from '../src/testing/index.js';

const NODES = 10;

interface Outcome {
  readonly dialMs: number;
  readonly shares: readonly number[];
  readonly duplicates: number;
  readonly measured: Measured;
  readonly survivorsLost: readonly number[];
  readonly refusal: string;
}

/** The same story with either cryptography. */
async function story(crypto: 'model' | 'real'): Promise<Outcome> {
  const world = await simulate({ nodes: NODES, seed: 'contract', crypto, latency: 20, maxPeers: 5 });
  const startMs = world.nowMs;
  await world.link(world.node(0), world.node(1));
  const dialMs = world.nowMs - startMs;
  await world.linkRandomly(4);
  // Which node is the tree's root hangs on the ids, which differ: until they agree the two say different things.
  await world.pass('15 s');
  world.measure();
  const before = world.broadcast(world.node(0), { text: 'to all', bytes: new Uint8Array(1_000) });
  await world.pass('1 s');
  const measured = world.measure();
  const [victim = world.node(9)] = world.some(1, world.nodes.slice(4));
  world.kill(victim);
  await world.pass('1 s');
  const after = world.broadcast(world.node(1));
  await world.pass('1 s');
  const refusal = await refusalOf(world);
  return {
    dialMs,
    shares: [before, after].map((message) => world.reached(message).share),
    duplicates: world.reached(before).duplicates.length + world.reached(after).duplicates.length,
    measured,
    survivorsLost: world.alive
      .filter(({ mesh }) => mesh.isConnectedTo(victim.nodeId))
      .map(({ index }) => index),
    refusal,
  };
}

/** What a node hears that dials itself. */
async function refusalOf(world: Simulation): Promise<string> {
  try {
    await world.link(world.node(2), world.node(2));
    return 'none';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

const [model, real] = [await story('model'), await story('real')];

test.each([
  ['model', model],
  ['real', real],
])('with %s cryptography every live node gets every message once', (_, outcome) => {
  expect(outcome.shares).toEqual([1, 1]);
  expect(outcome.duplicates).toBe(0);
  expect(outcome.measured.deliveries).toBe(NODES - 1);
  expect(outcome.survivorsLost).toEqual([]);
  expect(outcome.refusal).toBe('LINK_SELF');
});

test('a dial takes four round trips, and with the model what the signatures cost', () => {
  expect(real.dialMs).toBeCloseTo(4 * 40, 0);
  // Two are made and two verified, one after the other.
  expect(model.dialMs).toBeCloseTo(4 * 40 + 2 * 6 + 2 * 1.9, 0);
});

/** What two nodes write of which one speaks. With more of them it hangs on the tree, and that on the ids, which differ. */
async function bytesOf(crypto: 'model' | 'real'): Promise<number> {
  const world = await simulate({ nodes: 2, seed: 'contract', crypto, latency: 20 });
  await world.link(world.node(0), world.node(1));
  await world.pass('15 s');
  world.measure();
  for (let said = 0; said < 10; said += 1) {
    world.broadcast(world.node(0), { text: 'to all', bytes: new Uint8Array(1_000) });
    await world.pass('1 s');
  }
  return world.measure().bytes;
}

test('the model writes as many bytes as the real links do', async () => {
  const ratio = (await bytesOf('model')) / (await bytesOf('real'));
  expect(ratio).toBeGreaterThan(0.97);
  expect(ratio).toBeLessThan(1.03);
});
