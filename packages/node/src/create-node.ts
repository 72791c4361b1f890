import { MeshNetwork, type MeshOptions } from '@yakmesh/core';
import { Identity, type SigningIdentity } from '@yakmesh/crypto';
import { createGuard, type DefenseGuard, type GuardOptions } from '@yakmesh/defense';
import { loadIdentity } from './identity-file.js';
import { ReputationKeeper } from './reputation-keeper.js';
import { resolveNodeOptions, type NodeOptions } from './options.js';

/** A node put together from the packages. */
export interface YakmeshNode {
  /** Who the node is. */
  readonly identity: SigningIdentity;
  /** The mesh it takes part in: `connect`, `broadcast`, `sendTo`, `on` and the rest. */
  readonly mesh: MeshNetwork;
  /** The guard in front of the mesh, to look at limits, bans and reputations; undefined with `defense: false` or a guard of your own. */
  readonly guard: DefenseGuard | undefined;
  /** Reads what the store remembers of other nodes, and starts listening. Rejects as the mesh and the store do, and the node is then stopped. */
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
  const { identity, passphrase, mesh, defense } = resolveNodeOptions(options);
  const defended = mesh.guard !== undefined || defense === false ? undefined : guardOf(defense, mesh);
  const guard = mesh.guard ?? defended;
  const build = (own: SigningIdentity): MeshNetwork => new MeshNetwork(own, { ...mesh, guard });
  const memory =
    defended === undefined || mesh.store === undefined
      ? undefined
      : new ReputationKeeper(defended.reputation, mesh.store);
  if (typeof identity === 'object')
    return new ComposedNode({ mesh: build(identity), identity, guard: defended, memory });
  const own =
    identity === undefined ? await Identity.generate() : await loadIdentity(identity, { passphrase });
  try {
    return new ComposedNode({ mesh: build(own), identity: own, own, guard: defended, memory });
  } catch (error) {
    own.destroy();
    throw error;
  }
}

/** What limits the mesh is given hold in its guard too. */
function guardOf(defense: GuardOptions, mesh: MeshOptions): DefenseGuard {
  return createGuard({ ...defense, rateLimiter: { ...mesh.rateLimiter, ...defense.rateLimiter } });
}

interface NodeParts {
  readonly identity: SigningIdentity;
  readonly mesh: MeshNetwork;
  /** An identity that the node made or loaded itself. */
  readonly own?: Identity;
  readonly guard: DefenseGuard | undefined;
  readonly memory: ReputationKeeper | undefined;
}

class ComposedNode implements YakmeshNode {
  readonly identity: SigningIdentity;
  readonly mesh: MeshNetwork;
  readonly guard: DefenseGuard | undefined;
  readonly #own: Identity | undefined;
  readonly #memory: ReputationKeeper | undefined;
  #stopping: Promise<void> | undefined;

  constructor({ identity, mesh, own, guard, memory }: NodeParts) {
    this.identity = identity;
    this.mesh = mesh;
    this.#own = own;
    this.guard = guard;
    this.#memory = memory;
  }

  async start(): Promise<void> {
    try {
      await this.#memory?.start();
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
      await this.#memory?.stop();
    } finally {
      this.#own?.destroy();
    }
  }
}
