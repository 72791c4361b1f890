import type { MeshOptions } from '../../src/index.js';
import { memoryMesh, type MemoryMesh } from '../../src/testing/index.js';

export interface LineOptions {
  readonly seed?: number | string;
  readonly latencyMs?: number;
  readonly options?: MeshOptions;
}

/** Nodes n0 – n1 – … in a line, so many links long. */
export async function lineOf(
  links: number,
  { seed, latencyMs = 20, options }: LineOptions = {},
): Promise<MemoryMesh> {
  const nodes = Array.from({ length: links + 1 }, (_, index) => `n${index}`);
  const mesh = await memoryMesh({ nodes, seed, latencyMs, options: { maxPeers: 32, ...options } });
  for (let index = 0; index < links; index += 1) await mesh.connect(`n${index}`, `n${index + 1}`);
  await mesh.advance(1_000);
  return mesh;
}

/** What direct messages a node hears, as text. */
export function hear(mesh: MemoryMesh, name: string): unknown[] {
  const heard: unknown[] = [];
  mesh.node(name).on('message', ({ payload }) => heard.push(payload));
  return heard;
}

/** Links two nodes, and waits until both speak the protocols. */
export async function linkPair(mesh: MemoryMesh, from: string, to: string): Promise<void> {
  await mesh.connect(from, to);
  await mesh.advance(500);
}
