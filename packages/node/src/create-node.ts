import { MeshNetwork } from '@yakmesh/core';
import { Identity, type SigningIdentity } from '@yakmesh/crypto';
import { loadIdentity } from './identity-file.js';
import { resolveNodeOptions, type NodeOptions } from './options.js';

/** A node put together from the packages. */
export interface YakmeshNode {
  /** Who the node is. */
  readonly identity: SigningIdentity;
  /** The mesh it takes part in: `connect`, `broadcast`, `sendTo`, `on` and the rest. */
  readonly mesh: MeshNetwork;
  /** Starts listening. Rejects as the mesh does, and the node is then stopped. */
  start(): Promise<void>;
  /** Ends all that the node has started, and wipes an identity that it made or loaded itself. Twice is fine. */
  stop(): Promise<void>;
}

/**
 * Composes a node; nothing runs before its `start()`. Rejects as {@link loadIdentity} does.
 *
 * @throws NodeArgumentError NODE_BAD_OPTION, MeshArgumentError MESH_BAD_OPTION (as rejections).
 */
export async function createNode(options: NodeOptions = {}): Promise<YakmeshNode> {
  const { identity, passphrase, mesh } = resolveNodeOptions(options);
  if (typeof identity === 'object') return new ComposedNode(identity, new MeshNetwork(identity, mesh));
  const own =
    identity === undefined ? await Identity.generate() : await loadIdentity(identity, { passphrase });
  try {
    return new ComposedNode(own, new MeshNetwork(own, mesh), own);
  } catch (error) {
    own.destroy();
    throw error;
  }
}

class ComposedNode implements YakmeshNode {
  readonly identity: SigningIdentity;
  readonly mesh: MeshNetwork;
  readonly #own: Identity | undefined;
  #stopping: Promise<void> | undefined;

  constructor(identity: SigningIdentity, mesh: MeshNetwork, own?: Identity) {
    this.identity = identity;
    this.mesh = mesh;
    this.#own = own;
  }

  async start(): Promise<void> {
    try {
      await this.mesh.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    try {
      await this.mesh.stop();
    } finally {
      this.#own?.destroy();
    }
  }
}
