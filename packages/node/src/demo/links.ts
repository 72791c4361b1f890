import type { NodeId } from '@yakmesh/crypto';
import type { MemberStatus } from './fleet.js';

/** Links between members that both ends list. One end may know of a link a moment before the other. */
export function mutualLinks(rows: readonly MemberStatus[]): (readonly [NodeId, NodeId])[] {
  const peersOf = new Map<NodeId, ReadonlySet<NodeId>>();
  for (const { nodeId, peers } of rows) {
    if (nodeId !== undefined) peersOf.set(nodeId, new Set(peers.map((peer) => peer.nodeId)));
  }
  const links: (readonly [NodeId, NodeId])[] = [];
  for (const [a, peers] of peersOf) {
    for (const b of peers) if (a < b && peersOf.get(b)?.has(a) === true) links.push([a, b]);
  }
  return links;
}

/** Whether every member can reach every other over these links. */
export function isConnected(
  members: readonly NodeId[],
  links: readonly (readonly [NodeId, NodeId])[],
): boolean {
  const [first] = members;
  if (first === undefined) return true;
  const reached = new Set<NodeId>([first]);
  for (const member of reached) {
    for (const [a, b] of links) {
      if (a === member) reached.add(b);
      if (b === member) reached.add(a);
    }
  }
  return members.every((member) => reached.has(member));
}

/** Links of a mesh in which everybody knows everybody. */
export function linksOfAll(nodes: number): number {
  return (nodes * (nodes - 1)) / 2;
}
