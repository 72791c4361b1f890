import type { MeshLink } from '../../mesh/events.js';
import { memoryMesh } from '../memory-mesh.js';
import type { TransportWorld } from './compliance-world.js';

/** Mesh nodes in memory, as the compliance suite wants them. */
export async function memoryWorld(count: number): Promise<TransportWorld> {
  const names = Array.from({ length: count }, (_, index) => `node${index}`);
  const mesh = await memoryMesh({ nodes: names });
  const links = new Map<string, MeshLink>();
  const name = (index: number): string => names[index] ?? '';
  for (const [index, node] of mesh.nodes.entries())
    node.on('hello', (_message, link) => void links.set(`${index} ${link.nodeId}`, link));
  const node = (index: number) => mesh.node(name(index));
  return {
    nodes: mesh.nodes,
    endpoint: (index) => mesh.url(name(index)),
    link: async (a, b) => {
      await mesh.connect(name(a), name(b));
      await mesh.until('the link', () => node(b).isConnectedTo(node(a).nodeId));
    },
    unlink: async (a, b) => {
      links.get(`${a} ${node(b).nodeId}`)?.close();
      await mesh.until('the end of the link', () => !node(b).isConnectedTo(node(a).nodeId));
    },
    run: (promise) => mesh.run(promise),
    pass: (durationMs) => mesh.advance(durationMs),
    stop: () => mesh.stop(),
  };
}
