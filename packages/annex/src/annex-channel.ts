import { isNodeId, type NodeId, type SigningIdentity } from '@yakmesh/crypto';
import { withAbort, type MeshTransport } from '@yakmesh/core/transport';
import { hubOf } from './hub.js';
import { resolveOptions, type AnnexChannelOptions, type AnnexConfig } from './options.js';
import { SecureChannel } from './secure-channel.js';

/** How a channel is established. */
export interface EstablishOptions {
  /** Gives up with the signal's reason; a handshake under way goes on for others who wait for it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An end-to-end encrypted channel with one node, however many relays lie between. Two nodes have one session at most: whoever opens a
 * second channel shares the first one's, and of two that are opened at once one stays.
 */
export class AnnexChannel extends SecureChannel {
  declare readonly peerId: NodeId;
  readonly #identity: SigningIdentity;
  readonly #config: AnnexConfig;
  readonly #isAnonymous: boolean;
  #establishing: Promise<this> | undefined;

  /**
   * A channel to be established. The identity is that of the mesh over which it will run.
   *
   * @throws TypeError for what is no node id, or an unknown option; RangeError for an option that cannot be used.
   */
  constructor(identity: SigningIdentity, peerId: NodeId, options: AnnexChannelOptions = {}) {
    if (!isNodeId(peerId))
      throw new TypeError('The second argument is the node id of the other end: yak1…, 62 characters.');
    super(peerId);
    this.#config = resolveOptions(options, ['anonymous']);
    this.#identity = identity;
    this.#isAnonymous = options.anonymous ?? false;
  }

  /**
   * Opens the channel: resolves with it when both ends have proven themselves and hold the keys. Twice gives the same. Rejects with ANNEX_TIMEOUT after ten
   * seconds, ANNEX_UNREACHABLE, ANNEX_DENIED, ANNEX_PEER_MISMATCH and the other codes of the README, or the signal's reason.
   */
  establish(mesh: MeshTransport, options: EstablishOptions = {}): Promise<this> {
    this.#establishing ??= this.#establish(mesh);
    return withAbort(options.signal, this.#establishing);
  }

  async #establish(mesh: MeshTransport): Promise<this> {
    const hub = hubOf(mesh, this.#identity);
    this.attach(await hub.call(this.peerId, this.#isAnonymous, this.#config));
    return this;
  }
}
