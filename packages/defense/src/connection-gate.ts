import type { GuardDial, GuardLink, GuardRequest } from '@yakmesh/core/transport';
import { isNodeId } from '@yakmesh/crypto';
import { addressKeys } from './address.js';
import { AddressBlocks } from './address-blocks.js';
import { badOption, refuseUnknownOptions } from './option-checks.js';

/**
 * A rule of your own, asked by {@link createGuard} before its own ones: true lets pass, false refuses for good. A method that is absent lets
 * all pass. Synchronous and cheap, for it runs on the network path; one that throws refuses.
 */
export interface ConnectionGate {
  /** A WebSocket is asked for from this address; the headers are the client's word. */
  connection?(address: string, request: GuardRequest | undefined): boolean;
  /** A node is about to be a neighbour, inbound or outbound. Asked with its name unproven, and again once it is proven. */
  peer?(link: GuardLink): boolean;
  /** We are about to dial. */
  dial?(dial: GuardDial): boolean;
}

/** Whom a list names. */
export interface GateList {
  /** Node ids (`yak1…`). @default [] */
  readonly nodes?: readonly string[] | undefined;
  /** Address blocks, as '10.0.0.0/8'. @default [] */
  readonly addresses?: readonly string[] | undefined;
}

/** Nodes of one list. A further one is refused with DEFENSE_BAD_OPTION: longer lists belong into a gate of your own. */
export const GATE_NODES_MAX = 65_536;

/**
 * Lets in only who is listed: with `nodes`, only these nodes; with `addresses`, connections only from these blocks. With both, a node must
 * satisfy both.
 * @throws DefenseArgumentError DEFENSE_BAD_OPTION for what is no node id or address block.
 */
export function allowList(list: GateList): ConnectionGate {
  const { nodes, blocks } = readList(list);
  return {
    connection: (address) => blocks === undefined || blocks.includes(addressKeys(address)),
    peer: ({ nodeId }) => nodes === undefined || nodes.has(nodeId),
    dial: ({ nodeId }) => nodes === undefined || nodeId === undefined || nodes.has(nodeId),
  };
}

/**
 * Keeps out who is listed, by node or by address, whoever dials.
 * @throws DefenseArgumentError DEFENSE_BAD_OPTION for what is no node id or address block.
 */
export function denyList(list: GateList): ConnectionGate {
  const { nodes, blocks } = readList(list);
  const isListed = (address: string): boolean => blocks?.includes(addressKeys(address)) ?? false;
  return {
    connection: (address) => !isListed(address),
    peer: ({ nodeId, address }) => nodes?.has(nodeId) !== true && !isListed(address),
    dial: ({ nodeId, host }) => (nodeId === undefined || nodes?.has(nodeId) !== true) && !isListed(host),
  };
}

function readList(list: GateList): {
  readonly nodes: ReadonlySet<string> | undefined;
  readonly blocks: AddressBlocks | undefined;
} {
  refuseUnknownOptions(list, new Set(['nodes', 'addresses']));
  const { nodes, addresses } = list;
  if (nodes !== undefined && !(Array.isArray(nodes) && nodes.length <= GATE_NODES_MAX))
    badOption(`nodes is an array of at most ${GATE_NODES_MAX} node ids.`);
  for (const nodeId of nodes ?? [])
    if (!isNodeId(nodeId)) badOption(`nodes takes node ids (yak1…, 62 characters), not '${String(nodeId)}'.`);
  return {
    nodes: nodes === undefined ? undefined : new Set(nodes),
    blocks: addresses === undefined ? undefined : new AddressBlocks(addresses, 'addresses'),
  };
}
