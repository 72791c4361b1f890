import {
  memoryMesh,
  SeededRandom,
  type MemoryMesh,
  type MemoryMeshOptions,
} from '../../src/testing/index.js';

export type Edge = readonly [number, number];

/** Nodes n0, n1, … joined by these links. */
export async function meshOf(
  count: number,
  edges: readonly Edge[],
  options: Omit<MemoryMeshOptions, 'nodes'> = {},
): Promise<MemoryMesh> {
  const mesh = await memoryMesh({ ...options, nodes: namesOf(count) });
  for (const [a, b] of edges) await mesh.connect(`n${a}`, `n${b}`);
  await mesh.advance(500);
  return mesh;
}

export function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}

export function line(count: number): Edge[] {
  return Array.from({ length: count - 1 }, (_, index) => [index, index + 1] as const);
}

export function ring(count: number): Edge[] {
  return [...line(count), [count - 1, 0]];
}

/** A ring with `extra` random chords, no node with more than eight links. */
export function randomGraph(count: number, extra: number, seed: string): Edge[] {
  const random = new SeededRandom(seed);
  const edges = ring(count);
  const degrees = new Array<number>(count).fill(2);
  for (let left = extra; left > 0;) {
    const [a, b] = [random.below(count), random.below(count)];
    const isThere = edges.some(([x, y]) => (x === a && y === b) || (x === b && y === a));
    if (a === b || isThere || (degrees[a] ?? 0) >= 8 || (degrees[b] ?? 0) >= 8) continue;
    edges.push([a, b]);
    degrees[a] = (degrees[a] ?? 0) + 1;
    degrees[b] = (degrees[b] ?? 0) + 1;
    left -= 1;
  }
  return edges;
}

/** What a node heard, and when. */
export interface Heard {
  readonly value: unknown;
  readonly from: string;
  readonly atMs: number;
}

/** All gossip that each node hears from now on, by name; nodes that start later are added by `listen`. */
export class Ears {
  readonly #mesh: MemoryMesh;
  readonly heard = new Map<string, Heard[]>();

  constructor(mesh: MemoryMesh, names: readonly string[]) {
    this.#mesh = mesh;
    for (const name of names) this.listen(name);
  }

  listen(name: string): void {
    const list: Heard[] = [];
    this.heard.set(name, list);
    this.#mesh
      .node(name)
      .on('gossip', (message, _link, from) =>
        list.push({ value: message.payload, from, atMs: this.#mesh.clock.monotonicMs() }),
      );
  }

  of(name: string): readonly Heard[] {
    return this.heard.get(name) ?? [];
  }

  values(name: string): unknown[] {
    return this.of(name).map(({ value }) => value);
  }
}

/** Copies of messages that came in anywhere: new ones and others. */
export function copiesIn(mesh: MemoryMesh): number {
  let copies = 0;
  for (const { counters } of mesh.nodes)
    copies += (counters['messages:received'] ?? 0) + (counters.PEER_DUPLICATE ?? 0);
  return copies;
}

export function sumOf(mesh: MemoryMesh, counter: string): number {
  return mesh.nodes.reduce((sum, { counters }) => sum + (counters[counter] ?? 0), 0);
}
