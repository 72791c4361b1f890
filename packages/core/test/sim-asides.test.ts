import { expect, test } from '@jest/globals';
import { simulate, type Simulation } from '../src/testing/index.js';

const NODES = 120;

async function spoken(world: Simulation, count: number): Promise<void> {
  const said = [];
  for (let index = 0; index < count; index += 1) {
    said.push(world.broadcast(world.node((37 * index) % NODES), index));
    await world.pass('500 ms');
  }
  await world.pass('5 s');
  for (const message of said)
    expect(world.reached(message)).toMatchObject({ share: 1, missing: [], duplicates: [] });
}

function sumOf(world: Simulation, counter: string): number {
  return world.nodes.reduce((sum, { mesh }) => sum + (mesh.counters[counter] ?? 0), 0);
}

test('in a mesh of 120 nodes messages leave the tree once, which costs one copy each and no place in the tree', async () => {
  const world = await simulate({ nodes: NODES, seed: 120, latency: 30 });
  await world.linkRandomly(6);
  await spoken(world, 20);
  await world.pass('100 s');
  await spoken(world, 20);
  const asides = sumOf(world, 'tree:aside');
  world.measure();
  await spoken(world, 40);
  const { duplicates } = world.measure();
  const sent = sumOf(world, 'tree:aside') - asides;
  console.log(`${sent} copies beside the tree, ${duplicates} that came to who had the message`);
  // Of the root all neighbours may be in the tree.
  expect(sent).toBeGreaterThanOrEqual(36);
  expect(duplicates).toBeLessThanOrEqual(1.25 * sent);
}, 120_000);
