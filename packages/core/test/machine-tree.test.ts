import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from '../src/testing/index.js';
import { TreeModel } from './support/tree-model.js';

type Step =
  | { type: 'broadcast'; node: number }
  | { type: 'link' | 'unlink'; a: number; b: number }
  | { type: 'join'; to: number }
  | { type: 'leave'; node: number }
  | { type: 'pass'; ms: number };

const index = fc.nat(11);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ type: fc.constant('broadcast' as const), node: index }), weight: 6 },
    {
      arbitrary: fc.record({ type: fc.constantFrom('link' as const, 'unlink' as const), a: index, b: index }),
      weight: 4,
    },
    { arbitrary: fc.record({ type: fc.constant('join' as const), to: index }), weight: 1 },
    { arbitrary: fc.record({ type: fc.constant('leave' as const), node: index }), weight: 1 },
    {
      arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
      weight: 4,
    },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

test('whatever links come and go and whatever control frames are lost, all that are connected get all, once', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.constantFrom(0, 0.1, 0.3),
      (all, seed, loss) => {
        const model = new TreeModel(seed);
        model.controlLoss = loss;
        for (let node = 0; node < 5; node += 1) model.addNode();
        for (let node = 1; node < 5; node += 1) model.link(node - 1, node);
        const gone = new Set<number>();
        const said: string[] = [];
        for (const step of all) take(model, step, gone, said);
        connect(model, gone);
        model.pass(3_000);
        model.controlLoss = 0;
        model.pass(400_000);
        for (const node of model.nodes) {
          expect(new Set(node.delivered).size).toBe(node.delivered.length);
          if (gone.has(node.index)) continue;
          const expected = said.filter((name) => !name.startsWith(`${node.index} `));
          const kept = expected.filter(
            (name) => !gone.has(Number(name.split(' ')[0])) || hasAny(model, gone, name),
          );
          expect([...node.delivered].sort()).toEqual([...kept].sort());
        }
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

/** Of a node that has left, only what somebody heard before can be had. */
function hasAny(model: TreeModel, gone: ReadonlySet<number>, name: string): boolean {
  return model.nodes.some((node) => !gone.has(node.index) && node.delivered.includes(name));
}

function take(model: TreeModel, step: Step, gone: Set<number>, said: string[]): void {
  const pick = (at: number): number => at % model.nodes.length;
  const isHere = (at: number): boolean => !gone.has(at);
  switch (step.type) {
    case 'broadcast':
      if (isHere(pick(step.node))) said.push(model.node(pick(step.node)).broadcast());
      return;
    case 'link':
    case 'unlink':
      if (isHere(pick(step.a)) && isHere(pick(step.b))) model[step.type](pick(step.a), pick(step.b));
      return;
    case 'join':
      if (model.nodes.length >= 12 || !isHere(pick(step.to))) return;
      model.link(pick(step.to), model.addNode().index);
      return;
    case 'leave': {
      const node = pick(step.node);
      if (model.nodes.length - gone.size <= 2) return;
      gone.add(node);
      for (const other of model.nodes) model.unlink(node, other.index);
      return;
    }
    case 'pass':
      model.pass(step.ms);
  }
}

/** A line through all that are there, so that they are connected. */
function connect(model: TreeModel, gone: ReadonlySet<number>): void {
  const here = model.nodes.filter(({ index: at }) => !gone.has(at));
  for (const [at, node] of here.entries()) {
    const next = here[at + 1];
    if (next !== undefined) model.link(node.index, next.index);
  }
}

test('200 machines with eight links each need at most 1.05 copies of a broadcast, whoever sends it', () => {
  const model = new TreeModel('two hundred');
  const random = new SeededRandom('links');
  for (let node = 0; node < 200; node += 1) model.addNode();
  for (let node = 0; node < 200; node += 1) model.link(node, (node + 1) % 200);
  for (let left = 600; left > 0; left -= 1) model.link(random.below(200), random.below(200));
  const say = (times: number): number => {
    const before = model.copies;
    for (let n = 0; n < times; n += 1) {
      model.node(random.below(200)).broadcast();
      model.pass(500);
    }
    model.pass(2_000);
    return (model.copies - before) / (times * 199);
  };
  const first = say(1);
  say(20);
  const steady = say(40);
  console.log(`200 machines: ${first.toFixed(2)} copies of the first broadcast, ${steady.toFixed(3)} later`);
  expect(steady).toBeLessThanOrEqual(1.05);
  for (const node of model.nodes) expect(new Set(node.delivered).size).toBe(node.delivered.length);
  const total = model.nodes.reduce((sum, { delivered }) => sum + delivered.length, 0);
  expect(total).toBe(61 * 199);
}, 120_000);
