import type { Random } from '../../transport/random.js';

/** How often a whole drawing is tried again before the request counts as impossible. */
const DRAWINGS_MAX = 100;

/**
 * Pairs of a random graph in which every one of `count` nodes has `degree` neighbours: stubs joined at random, and clashes
 * resolved by exchanging ends with pairs drawn at random. One node has one neighbour less where both numbers are odd.
 *
 * @throws RangeError where there is no such graph.
 */
export function randomRegularGraph(
  count: number,
  degree: number,
  random: Random,
): readonly (readonly [number, number])[] {
  if (degree >= count) throw new RangeError(`${count} nodes cannot have ${degree} neighbours each`);
  for (let drawing = 0; drawing < DRAWINGS_MAX; drawing += 1) {
    const pairs = draw(count, degree, random);
    if (pairs !== undefined && isConnected(count, pairs)) return pairs;
  }
  throw new RangeError(`no connected graph of ${count} nodes with ${degree} neighbours each was found`);
}

function draw(count: number, degree: number, random: Random): [number, number][] | undefined {
  const stubs = shuffled(
    Array.from({ length: count * degree }, (_, index) => index % count),
    random,
  );
  if (stubs.length % 2 === 1) stubs.pop();
  const pairs: [number, number][] = [];
  const taken = new Set<number>();
  const keyOf = (a: number, b: number): number => Math.min(a, b) * count + Math.max(a, b);
  const isFree = (a: number, b: number): boolean => a !== b && !taken.has(keyOf(a, b));
  const clashes: [number, number][] = [];
  for (let at = 0; at < stubs.length; at += 2) {
    const pair: [number, number] = [stubs[at] ?? 0, stubs[at + 1] ?? 0];
    if (!isFree(...pair)) clashes.push(pair);
    else {
      pairs.push(pair);
      taken.add(keyOf(...pair));
    }
  }
  for (const [a, b] of clashes) {
    const index = findExchange(pairs, (c, d) => isFree(a, c) && isFree(b, d), random);
    const other = index === undefined ? undefined : pairs[index];
    if (index === undefined || other === undefined) return undefined;
    const [c, d] = other;
    taken.delete(keyOf(c, d));
    taken.add(keyOf(a, c)).add(keyOf(b, d));
    pairs[index] = [a, c];
    pairs.push([b, d]);
  }
  return pairs;
}

function findExchange(
  pairs: readonly [number, number][],
  isFit: (c: number, d: number) => boolean,
  random: Random,
): number | undefined {
  for (let attempt = 0; attempt < DRAWINGS_MAX && pairs.length > 0; attempt += 1) {
    const index = random.below(pairs.length);
    const [c, d] = pairs[index] ?? [0, 0];
    if (isFit(c, d)) return index;
  }
  return undefined;
}

/** Whether everyone is reached from node 0. */
export function isConnected(count: number, pairs: readonly (readonly [number, number])[]): boolean {
  const neighbours = Array.from({ length: count }, (): number[] => []);
  for (const [a, b] of pairs) {
    neighbours[a]?.push(b);
    neighbours[b]?.push(a);
  }
  const seen = new Set([0]);
  for (const node of seen) for (const next of neighbours[node] ?? []) seen.add(next);
  return seen.size === count;
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [result[at], result[other]] = [result[other] as Item, result[at] as Item];
  }
  return result;
}
