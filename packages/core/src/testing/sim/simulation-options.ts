import type { MeshOptions } from '../../options.js';
import type { Latency, LatencyTable } from '../network-conditions.js';
import { medianRoundTripMs, roundTripMs, type LatencyMatrix } from './latency-matrix.js';
import type { ModelCosts } from './model-pool.js';
import { indexOf } from './sim-node.js';

/** Nodes with real cryptography: each signature costs this process milliseconds. */
const REAL_NODES_MAX = 64;
const NODES_MAX = 65_536;

/** What a `Simulation` is made of. */
export interface SimulationOptions {
  /** Up to 65,536; with real cryptography up to 64. */
  readonly nodes: number;
  /** Determines everything: identities, losses, jitter, who dials whom. @default 1 */
  readonly seed?: number | string | undefined;
  /** `model`: signatures of the right size that prove nothing, and their cost as virtual time. `real`: all as in production. @default 'model' */
  readonly crypto?: 'model' | 'real' | undefined;
  /** What model signatures cost. @default that of the JavaScript implementation */
  readonly costs?: ModelCosts | undefined;
  /** Measured round trips, or the latency one way in milliseconds. @default 50 */
  readonly latency?: LatencyMatrix | Latency | undefined;
  /** Share of the packets that are lost; TCP sends them again, 200 ms and a round trip later. @default 0 */
  readonly loss?: number | undefined;
  /** What a host sends in a second. @default unlimited */
  readonly bytesPerSecond?: number | undefined;
  /** @default 10 */
  readonly maxPeers?: number | undefined;
  /** Further options of every node, or of the one with that number. */
  readonly options?: MeshOptions | ((index: number) => MeshOptions) | undefined;
}

/** @throws RangeError for more nodes than such cryptography is bearable for, or none. */
export function requireNodes(nodes: number, crypto: 'model' | 'real'): void {
  const most = crypto === 'real' ? REAL_NODES_MAX : NODES_MAX;
  if (!(nodes >= 1 && nodes <= most))
    throw new RangeError(`${crypto} cryptography takes 1 to ${most} nodes, not ${nodes}`);
}

/** Between hosts by their addresses, one way. */
export function latencyOf(latency: LatencyMatrix | Latency): Latency | LatencyTable {
  if (typeof latency !== 'object') return latency;
  const medianMs = medianRoundTripMs(latency);
  return {
    between: (from: string, to: string) => roundTripMs(latency, medianMs, indexOf(from), indexOf(to)) / 2,
  };
}
