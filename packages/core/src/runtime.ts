import { CryptoPool } from '@yakmesh/crypto';
import { createSocketLayer } from '#platform';
import type { SocketLayer } from './sockets/socket.js';
import { systemClock, systemRandom, type Clock, type Random } from './transport/index.js';

/** What a mesh takes from the world. Tests give it a virtual clock and sockets in memory. */
export interface MeshRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly sockets: SocketLayer;
  /** Made anew for each mesh, which closes it. */
  readonly createPool: () => CryptoPool;
}

export function systemRuntime(): MeshRuntime {
  return {
    clock: systemClock,
    random: systemRandom,
    sockets: createSocketLayer(),
    createPool: () => new CryptoPool(),
  };
}
