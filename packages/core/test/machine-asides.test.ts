import { expect, test } from '@jest/globals';
import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import { SeededRandom } from '../src/testing/index.js';
import { Asides } from '../src/tree/asides.js';
import { ASIDES_MAX, ROOT_MS, TORN_MS } from '../src/tree/tree-limits.js';
import { Trunk } from '../src/tree/trunk.js';

function nameOf(index: number): NodeId {
  return encodeNodeId(new Uint8Array(32).fill(index));
}

const LAZY = Array.from({ length: 9 }, (_, index) => nameOf(10 + index));

/** Of a node whose neighbours say that the mesh has so many nodes. */
function asidesOf(nodes: number, settledMs = 0): Asides {
  const trunk = new Trunk({ self: new Uint8Array(32).fill(9), wallMs: () => 1_000 });
  const root = new Uint8Array(32);
  for (const [index, peer] of LAZY.entries()) {
    const word = { root, sequence: 5, ageMs: 0, distanceMs: 10 + index, isParent: false, below: 1, nodes };
    trunk.heard(peer, word, 20, settledMs);
  }
  return new Asides(trunk, new SeededRandom(nodes));
}

test('an origin sends one copy beside the tree for each hundred nodes, six at most', () => {
  const counts = [2, 99, 100, 250, 1_000, 100_000].map(
    (nodes) => asidesOf(nodes).chosen(LAZY, 'self', ROOT_MS).length,
  );
  expect(counts).toEqual([0, 0, 1, 2, ASIDES_MAX, ASIDES_MAX]);
});

test('who has a message from its origin sends what is left of the hundredth, one copy at most', () => {
  const meanOf = (nodes: number): number => {
    const asides = asidesOf(nodes);
    let count = 0;
    for (let message = 0; message < 1_000; message += 1)
      count += asides.chosen(LAZY, 'origin', ROOT_MS).length;
    return count / 1_000;
  };
  expect(meanOf(600)).toBe(0);
  expect(meanOf(1_000)).toBeCloseTo(0.4, 1);
  expect(meanOf(100_000)).toBe(1);
});

test('no neighbour gets two of them, and none that is no settled part of the trunk gets one', () => {
  const chosen = asidesOf(1_000).chosen(LAZY, 'self', ROOT_MS);
  expect(new Set(chosen).size).toBe(ASIDES_MAX);
  const asides = asidesOf(1_000, ROOT_MS);
  expect(asides.chosen(LAZY, 'self', ROOT_MS + TORN_MS - 1)).toEqual([]);
  expect(asidesOf(1_000).chosen([nameOf(1)], 'self', ROOT_MS)).toEqual([]);
});
