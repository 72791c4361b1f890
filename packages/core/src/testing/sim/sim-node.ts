import type { NodeId, SigningIdentity } from '@yakmesh/crypto';
import type { MeshNetwork } from '../../mesh-network.js';
import type { ProtocolPort, Store } from '../../transport/index.js';
import type { HostClock } from './host-clock.js';

/** A dead node that starts again, and the live one that it dials. */
export interface Restart {
  readonly node: SimNode;
  readonly through?: SimNode | undefined;
}

/** One node of a simulation, through all its starts. */
export class SimNode {
  readonly index: number;
  /** Its host: an IPv4 address, each in a network of its own. */
  readonly name: string;
  readonly identity: SigningIdentity;
  /** What outlives its process. */
  readonly store: Store;
  mesh: MeshNetwork;
  clock: HostClock;
  /** Its port of the protocol that the simulation's messages travel under. */
  port: ProtocolPort;
  /** When its process started, in the simulation's time. */
  startedMs: number;
  isAlive = true;

  constructor(
    parts: Pick<SimNode, 'index' | 'name' | 'identity' | 'store' | 'mesh' | 'clock' | 'port' | 'startedMs'>,
  ) {
    this.index = parts.index;
    this.name = parts.name;
    this.identity = parts.identity;
    this.store = parts.store;
    this.mesh = parts.mesh;
    this.clock = parts.clock;
    this.port = parts.port;
    this.startedMs = parts.startedMs;
  }

  get nodeId(): NodeId {
    return this.identity.nodeId;
  }

  get isPaused(): boolean {
    return this.clock.isPaused;
  }
}

/** The address of the node with that number. */
export function addressOf(index: number): string {
  return `${11 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`;
}

/** The number of the node with that address. */
export function indexOf(address: string): number {
  const [high = 0, middle = 0, low = 0] = address.split('.').map(Number);
  return ((high - 11) << 16) | (middle << 8) | low;
}
