import { Identity } from '@yakmesh/crypto';
import { MeshNetwork, type MeshLink, type MeshOptions } from '../../src/index.js';
import type { TransportWorld } from '../../src/testing/index.js';
import { delay, systemClock } from '../../src/transport/index.js';

/** Lets real time pass; only for what nothing else can tell. */
export const pass = (durationMs: number): Promise<void> => delay(systemClock, durationMs);

/** Waits until a condition holds, looking every few milliseconds; rejects after the limit. */
export async function until(what: string, condition: () => boolean, limitMs = 10_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new RangeError(`${what}: not within ${limitMs} ms`);
    await pass(5);
  }
}

/** A started node on a free port of loopback. */
export async function startNode(options: MeshOptions = {}, identity?: Identity): Promise<MeshNetwork> {
  const node = new MeshNetwork(identity ?? (await Identity.generate()), {
    wsPort: 0,
    host: '127.0.0.1',
    ...options,
  });
  await node.start();
  return node;
}

/** Mesh nodes on real WebSockets, as the compliance suite wants them. */
export async function socketWorld(count: number): Promise<TransportWorld> {
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode()));
  const links = new Map<string, MeshLink>();
  for (const [index, node] of nodes.entries())
    node.on('hello', (_message, link) => void links.set(`${index} ${link.nodeId}`, link));
  const node = (index: number): MeshNetwork => {
    const found = nodes[index];
    if (found === undefined) throw new RangeError(`there is no node ${index}`);
    return found;
  };
  return {
    nodes,
    endpoint: (index) => node(index).getPublicEndpoint(),
    link: async (a, b) => {
      await node(a).connect(node(b).getPublicEndpoint());
      await until('the link', () => node(b).isConnectedTo(node(a).nodeId));
    },
    unlink: async (a, b) => {
      links.get(`${a} ${node(b).nodeId}`)?.close();
      await until('the end of the link', () => !node(b).isConnectedTo(node(a).nodeId));
    },
    run: (promise) => promise,
    pass,
    stop: async () => void (await Promise.all(nodes.map((started) => started.stop()))),
  };
}
