import { CryptoPool } from '@yakmesh/crypto';
import { createSocketLayer } from '#platform';
import type { LinkLayer } from './mesh/link-layer.js';
import type { LinksOptions } from './mesh/links.js';
import type { SocketLayer } from './sockets/socket.js';
import { systemClock, systemRandom, type Clock, type Random } from './transport/index.js';

/** What a mesh takes from the world. Tests give it a virtual clock and sockets in memory. */
export interface MeshRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly sockets: SocketLayer;
  /** Made anew for each mesh, which closes it. */
  readonly createPool: () => CryptoPool;
  /** Another link layer than handshakes and records over `sockets`: simulations of thousands of nodes bring one. */
  readonly createLinks?: ((options: LinksOptions) => LinkLayer) | undefined;
}

export function systemRuntime(): MeshRuntime {
  return {
    clock: systemClock,
    random: systemRandom,
    sockets: createSocketLayer(),
    createPool: () => new CryptoPool(),
  };
}
