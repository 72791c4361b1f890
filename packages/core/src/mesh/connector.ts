import { isNodeId, type NodeId } from '@yakmesh/crypto';
import { MeshArgumentError, MeshError } from '../errors.js';
import { combineSignals, type Clock } from '../transport/index.js';
import { requireEndpoint } from './endpoint.js';
import type { LinkLayer } from './link-layer.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import { DIAL_TIMEOUT_MS, type Redialer } from './redialer.js';

/** Options of {@link MeshNetwork.connect}. */
export interface ConnectOptions {
  /** The only peer to accept, as yak1… text. @default the endpoint's #fragment, or whoever answers */
  readonly expected?: NodeId | undefined;
  /** Time for the whole dial, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who answered a dial. */
export interface PeerIdentity {
  readonly nodeId: NodeId;
  /** ML-DSA-65, 1,952 bytes. */
  readonly publicKey: Uint8Array;
  readonly endpoint: string | undefined;
}

/** What dialling needs of the mesh. */
export interface ConnectorParts {
  readonly links: LinkLayer;
  readonly redialer: Redialer;
  readonly membership: Membership;
}

export interface ConnectorOptions {
  readonly clock: Clock;
  /** Waits for a start that is under way; rejects where the mesh cannot dial. */
  readonly whenStarted: () => Promise<void>;
  /** The parts of the mesh, which exist by the time it dials. */
  readonly parts: () => ConnectorParts;
}

/** Dials what the application and its subsystems name, and has the links kept. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #dials = new Set<Promise<unknown>>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Settles with the dials that are under way; undefined where there are none, or a neighbour is there already. */
  get firstDials(): Promise<unknown> | undefined {
    if (this.#dials.size === 0 || this.#options.parts().links.peerCount > 0) return undefined;
    return Promise.allSettled(this.#dials);
  }

  connect(text: string, options: ConnectOptions): Promise<PeerIdentity> {
    const dial = this.#connect(text, options);
    this.#dials.add(dial);
    const done = (): void => void this.#dials.delete(dial);
    dial.then(done, done);
    return dial;
  }

  /** Dials for the application, or for a link that is held beyond maxPeers. */
  async dial(text: string, options: ConnectOptions, isHeld: boolean): Promise<Peer> {
    const parsed = requireEndpoint(text);
    await this.#options.whenStarted();
    const expected = options.expected ?? parsed.expected;
    if (expected !== undefined && !isNodeId(expected)) {
      throw new MeshArgumentError('MESH_BAD_ARGUMENT', 'expected is a node id: yak1…, 62 characters.');
    }
    const { timeoutMs = DIAL_TIMEOUT_MS, signal } = options;
    const { clock, parts } = this.#options;
    const limited = combineSignals(signal, { clock, timeoutMs });
    const endpoint = { url: parsed.url, expected };
    try {
      if (limited.signal.aborted)
        throw new MeshError('MESH_ABORTED', 'The dial was aborted before it began.');
      const { links, redialer, membership } = parts();
      const purpose = isHeld ? 'hold' : links.peerCount === 0 ? 'join' : 'need';
      const peer = await links.dial(endpoint, purpose, limited.signal);
      if (!isHeld) redialer.keep(endpoint, peer);
      membership.connected(peer);
      return peer;
    } finally {
      limited.dispose();
    }
  }

  async #connect(text: string, options: ConnectOptions): Promise<PeerIdentity> {
    const peer = await this.dial(text, options, false);
    return { nodeId: peer.nodeId, publicKey: peer.outcome.publicKey.slice(), endpoint: peer.info.endpoint };
  }
}
