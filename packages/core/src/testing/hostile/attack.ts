import type { RateLimiterOptions } from '../../mesh/default-guard.js';
import type { MeshOptions } from '../../options.js';
import type { HostileExpect } from './hostile-runner.js';
import type { HostileWorld } from './hostile-world.js';

/** The traps of handshakes, messages and defences that systems of this kind have fallen into. */
export type Trap = `${'H' | 'M' | 'D'}${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

/** One attack, against a fresh victim with two honest peers. */
export interface Attack {
  /** The trap that it tries. */
  readonly trap: Trap;
  /** What is tried, and what must come of it. */
  readonly title: string;
  /** Options of the victim, where it needs others than the defaults. */
  readonly options?: Pick<MeshOptions, 'maxPeers' | 'pingInterval' | 'networkId' | 'networkFingerprint'>;
  /** Limits of the victim's guard. Loopback is exempt from those that are not given. @default {} */
  readonly limits?: RateLimiterOptions;
  /** Puzzle that the victim demands of everyone from the start of the attack, in bits. @default as its guard says */
  readonly puzzleBits?: number;
  /** Bytes that the process may hold more than before, once the attack is over. @default HELD_BYTES_GROWTH_MAX */
  readonly heldBytesGrowthMax?: number;
  /** True where a newcomer cannot be served after the attack: it left no room, or no allowance for this address. */
  readonly isFullAfterwards?: boolean;
  readonly run: (world: HostileWorld, expect: HostileExpect) => Promise<void>;
}
