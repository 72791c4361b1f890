import type { NodeId } from '@yakmesh/crypto';
import { MeshError } from '../errors.js';
import { CodedError, HOLDS_MAX, type HoldOptions, type Unhold } from '../transport/index.js';
import { requireEndpoint, type Endpoint } from './endpoint.js';
import type { LinkLayer } from './link-layer.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { Redialer } from './redialer.js';

/** What holding links needs of the mesh. */
export interface HoldsParts {
  readonly links: LinkLayer;
  readonly membership: Membership;
  readonly redialer: Redialer;
}

export interface HoldsOptions {
  /** The parts of the mesh, which exist by the time a link is held. */
  readonly parts: () => HoldsParts;
  /** Dials for a link beyond maxPeers. */
  readonly dial: (endpoint: string, id: NodeId, signal: AbortSignal | undefined) => Promise<Peer>;
}

/** The direct links that subsystems hold beyond maxPeers: counted by node, and dialled again when they are lost. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #counts = new Map<NodeId, number>();

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  async hold(id: NodeId, { endpoint, signal }: HoldOptions): Promise<Unhold> {
    const { links, membership, redialer } = this.#options.parts();
    if (!this.#counts.has(id) && this.#counts.size >= HOLDS_MAX)
      throw new CodedError('MESH_HOLDS_FULL', `${HOLDS_MAX} links are held already.`);
    const url = endpoint ?? membership.endpointOf(id);
    if (links.peer(id) === undefined && url === undefined)
      throw new MeshError('MESH_UNREACHABLE', `No endpoint of ${id} is known; give one.`);
    const known = url === undefined ? undefined : expecting(url, id);
    // Its place is taken while the dial is under way: others may ask meanwhile.
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    const letGo = this.#letGoOnce(id);
    try {
      const peer = links.peer(id) ?? (await this.#options.dial(url ?? '', id, signal));
      membership.held(id, true);
      if (known !== undefined) redialer.keepHeld(known, peer);
    } catch (error) {
      letGo();
      throw error;
    }
    return letGo;
  }

  /** A neighbour is there, perhaps again: it goes on being held, or was let go while it was being dialled. */
  connected({ nodeId, isHeld, session }: Peer): void {
    const isWanted = this.#counts.has(nodeId);
    // What others hold is theirs to let go.
    if (isWanted || (isHeld && session.role === 'initiator'))
      this.#options.parts().membership.held(nodeId, isWanted);
  }

  #letGoOnce(id: NodeId): Unhold {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#counts.get(id) ?? 1) - 1;
      if (left > 0) return void this.#counts.set(id, left);
      this.#counts.delete(id);
      const { membership, redialer } = this.#options.parts();
      redialer.letGo(id);
      membership.held(id, false);
    };
  }
}

function expecting(endpoint: string, expected: NodeId): Endpoint {
  return { url: requireEndpoint(endpoint).url, expected };
}
