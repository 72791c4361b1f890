import { expect, test } from '@jest/globals';
import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import { SeededRandom } from '../src/testing/index.js';
import { DISTANCE_MS_MAX, OWED_MAX, ROOT_LIFE_MS, ROOT_MS, TOLD_MS } from '../src/tree/tree-limits.js';
import { Trunk, type RootReport } from '../src/tree/trunk.js';
import { TreeModel } from './support/tree-model.js';

function idOf(index: number): Uint8Array {
  return new Uint8Array(32).fill(index + 1);
}

function nameOf(index: number): NodeId {
  return encodeNodeId(idOf(index));
}

/** Node 9: roots have lower numbers. */
function trunkOf(): Trunk {
  const trunk = new Trunk({ self: idOf(9), wallMs: () => 1_000 });
  trunk.tick(0);
  return trunk;
}

function wordOf(root: number, distanceMs: number, more: Partial<RootReport> = {}): RootReport {
  return { root: idOf(root), sequence: 5, ageMs: 0, distanceMs, isParent: false, ...more };
}

test('the root is the lowest id that any neighbour has a way to', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(7, 0), 20, 0);
  expect(trunk.parent).toBe(nameOf(7));
  trunk.heard(nameOf(8), wordOf(3, 40), 20, 0);
  expect(trunk.parent).toBe(nameOf(8));
  trunk.heard(nameOf(7), wordOf(4, 0), 20, 0);
  expect([trunk.parent, trunk.report(nameOf(8), 0).root]).toEqual([nameOf(8), idOf(3)]);
});

test('a way that is a little shorter is not taken, one that is much shorter is', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(0, 100), 20, 0);
  trunk.heard(nameOf(8), wordOf(0, 90), 20, 0);
  expect(trunk.parent).toBe(nameOf(7));
  trunk.heard(nameOf(8), wordOf(0, 40), 20, 0);
  expect(trunk.parent).toBe(nameOf(8));
});

test('no way leads through a neighbour whose own way may lead through us', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(0, 50), 20, 0);
  trunk.heard(nameOf(8), wordOf(0, 90, { isParent: true }), 20, 0);
  // As far from the root as we have said that we are: its way may be over us and others.
  trunk.heard(nameOf(6), wordOf(0, 70), 20, 0);
  trunk.forget(nameOf(7), 0);
  expect([trunk.parent, trunk.report(nameOf(8), 0).distanceMs]).toEqual([undefined, DISTANCE_MS_MAX]);
  trunk.heard(nameOf(6), wordOf(0, 300, { sequence: 6 }), 20, 0);
  expect(trunk.parent).toBe(nameOf(6));
});

test('a root that says nothing any more is given up', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(0, 50, { ageMs: 1_000 }), 20, 0);
  trunk.tick(ROOT_LIFE_MS - 1_001);
  expect(trunk.parent).toBe(nameOf(7));
  trunk.tick(ROOT_LIFE_MS - 1_000);
  expect([trunk.parent, trunk.report(nameOf(7), 0).root]).toEqual([undefined, idOf(9)]);
});

test('neighbours are told twice a second at most, however often the root changes', () => {
  const trunk = trunkOf();
  let told = 0;
  for (let nowMs = TOLD_MS; nowMs < 20 * TOLD_MS; nowMs += 10) {
    trunk.heard(nameOf(7), wordOf(0, nowMs % 7, { sequence: nowMs }), 20, nowMs);
    if (trunk.tick(nowMs)) told += 1;
  }
  expect(told).toBe(19);
});

test('a root that has started again goes on from what was heard of it', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(9, 50, { sequence: 70_000 }), 20, 100);
  expect(trunk.report(nameOf(7), 100).sequence).toBe(70_001);
});

test('a parent that does not bring what others have loses its place', () => {
  const trunk = trunkOf();
  trunk.heard(nameOf(7), wordOf(0, 100), 20, 0);
  trunk.heard(nameOf(8), wordOf(0, 110), 20, 0);
  for (let owed = 0; owed < OWED_MAX; owed += 1) expect(trunk.owes(0)).toBe(true);
  trunk.repaid(nameOf(7));
  expect([trunk.owes(0), trunk.parent]).toEqual([true, nameOf(7)]);
  expect([trunk.owes(0), trunk.parent]).toEqual([false, nameOf(8)]);
});

const MODEL = 24;

test('whatever links there are, their machines agree on one root, and the ways to it are a tree', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(3 * MODEL), fc.nat(10), (seed, extra, cuts) => {
      const random = new SeededRandom(seed);
      const links = new Map<number, Set<number>>();
      const trunks = Array.from({ length: MODEL }, (_, index) => {
        links.set(index, new Set());
        return new Trunk({ self: idOf(index), wallMs: () => 1_000 });
      });
      const link = (a: number, b: number): void => {
        if (a === b) return;
        links.get(a)?.add(b);
        links.get(b)?.add(a);
      };
      for (let node = 1; node < MODEL; node += 1) link(node, random.below(node));
      for (let left = extra; left > 0; left -= 1) link(random.below(MODEL), random.below(MODEL));
      const rttMs = (a: number, b: number): number => 10 + ((a * b * 37 + a + b) % 150);
      const run = (fromMs: number, toMs: number): void => {
        for (let nowMs = fromMs; nowMs < toMs; nowMs += 100)
          for (const [index, trunk] of trunks.entries()) {
            if (!trunk.tick(nowMs)) continue;
            for (const other of links.get(index) ?? [])
              trunks[other]?.heard(
                nameOf(index),
                trunk.report(nameOf(other), nowMs),
                rttMs(index, other),
                nowMs,
              );
          }
      };
      run(0, 60_000);
      // A link that is not the last of either end goes: the next word of the root finds the way around.
      for (let left = cuts; left > 0; left -= 1) {
        const a = random.below(MODEL);
        const [b] = links.get(a) ?? [];
        if (b === undefined || !isWhole(links, a, b)) continue;
        links.get(a)?.delete(b);
        links.get(b)?.delete(a);
        trunks[a]?.forget(nameOf(b), 60_000);
        trunks[b]?.forget(nameOf(a), 60_000);
      }
      run(60_000, 60_000 + 4 * ROOT_MS);
      for (const [index, trunk] of trunks.entries()) {
        expect(trunk.report(nameOf(0), 0).root).toEqual(idOf(0));
        let at = index;
        let hops = 0;
        for (; at !== 0 && hops < MODEL; hops += 1) at = indexOf(trunks[at]?.parent);
        expect(at).toBe(0);
      }
    }),
    { numRuns: 20 },
  );
}, 60_000);

function indexOf(name: NodeId | undefined): number {
  return Array.from({ length: MODEL }, (_, index) => nameOf(index)).indexOf(name as NodeId);
}

/** Whether all are connected without one link. */
function isWhole(links: ReadonlyMap<number, ReadonlySet<number>>, a: number, b: number): boolean {
  const reached = new Set([a]);
  for (const at of reached)
    for (const next of links.get(at) ?? [])
      if (!(at === a && next === b) && !(at === b && next === a)) reached.add(next);
  return reached.size === links.size;
}

test('of 40 machines on random links, all speaking, each gets all once, and nearly no copy comes twice', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const model = new TreeModel(seed);
      const random = new SeededRandom(seed);
      const nodes = 40;
      for (let node = 0; node < nodes; node += 1) model.addNode();
      for (let node = 1; node < nodes; node += 1) model.link(node, random.below(node));
      for (let left = 2 * nodes; left > 0; left -= 1) model.link(random.below(nodes), random.below(nodes));
      model.pass(2 * ROOT_MS);
      const say = (): void => {
        for (let node = 0; node < nodes; node += 1) {
          model.node((7 * node) % nodes).broadcast();
          model.pass(250);
        }
      };
      say();
      const before = model.copies;
      say();
      model.pass(5_000);
      expect((model.copies - before) / (nodes * (nodes - 1))).toBeLessThanOrEqual(1.05);
      for (const { delivered } of model.nodes) {
        expect(delivered.length).toBe(2 * (nodes - 1));
        expect(new Set(delivered).size).toBe(delivered.length);
      }
    }),
    { numRuns: 3 },
  );
}, 120_000);
