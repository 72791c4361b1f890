import { isConnected } from './random-graph.js';
import type { SimNode } from './sim-node.js';

type Link = readonly [number, number];

/** The links between live nodes, each once, by the numbers of their ends. */
export function linksOf(nodes: readonly SimNode[]): Link[] {
  const links: Link[] = [];
  const alive = nodes.filter(({ isAlive }) => isAlive);
  const byId = new Map(alive.map((node) => [node.nodeId, node.index]));
  for (const node of alive) {
    for (const { nodeId } of node.mesh.getPeers()) {
      const other = byId.get(nodeId);
      if (other !== undefined && node.index < other) links.push([node.index, other]);
    }
  }
  return links;
}

/** Whether every live node reaches all others over these links. */
export function isWhole(nodes: readonly SimNode[], links: readonly Link[]): boolean {
  const first = nodes.findIndex(({ isAlive }) => isAlive);
  // The dead are hung onto somebody, so that they do not count as cut off.
  const dead = nodes.filter(({ isAlive }) => !isAlive).map(({ index }): Link => [first, index]);
  return first !== -1 && isConnected(nodes.length, [...links, ...dead, [0, first]]);
}
