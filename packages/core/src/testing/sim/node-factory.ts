import { Identity, type SigningIdentity } from '@yakmesh/crypto';
import { MeshNetwork } from '../../mesh-network.js';
import type { MeshOptions } from '../../options.js';
import type { MeshRuntime } from '../../runtime.js';
import { memoryStore, type Clock, type Store } from '../../transport/index.js';
import type { MemoryNetwork } from '../memory-network.js';
import { SeededRandom } from '../seeded-random.js';
import { TrackedPool } from '../tracked-pool.js';
import { VirtualClock } from '../virtual-clock.js';
import type { FastClock } from './fast-clock.js';
import { HostClock } from './host-clock.js';
import { modelIdentity } from './model-identity.js';
import { modelLinks } from './model-links.js';
import { ModelPool, type ModelCosts } from './model-pool.js';
import type { Traffic } from './traffic.js';

/** Where every node listens. */
export const SIMULATION_PORT = 9_001;
const SEED_BYTES = 32;
const STORE_ENTRIES_MAX = 65_536;
/** All dials of a simulation's first minute come from hosts of their own, but a rejoin after a kill would meet the default limits. */
const UNLIMITED = { maxConnectionsPerMinute: 1_000_000, maxHandshakesPerMinute: 1_000_000 };

export interface NodeFactoryOptions {
  readonly clock: FastClock | VirtualClock;
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly traffic: Traffic;
  readonly costs: ModelCosts;
  readonly options: (index: number) => MeshOptions;
}

/** A process of a node: the mesh, and the clock that it lives by. */
export interface Process {
  readonly mesh: MeshNetwork;
  readonly clock: HostClock;
}

/** Makes identities and processes: with real cryptography on the clock that waits for it, with the model on the fast one. */
export class NodeFactory {
  readonly #options: NodeFactoryOptions;
  #starts = 0;

  constructor(options: NodeFactoryOptions) {
    this.#options = options;
  }

  /** The same for the same number and seed. */
  identity(index: number): Promise<SigningIdentity> {
    const random = this.#options.random.fork(`identity/${index}`);
    return this.#isReal
      ? Identity.fromSeed(random.bytes(SEED_BYTES))
      : Promise.resolve(modelIdentity(random));
  }

  store(): Store {
    return memoryStore({ entriesMax: STORE_ENTRIES_MAX });
  }

  /** A new process that is not started. */
  process(index: number, name: string, identity: SigningIdentity, store: Store): Process {
    const { network, random, options } = this.#options;
    const clock = new HostClock(this.#options.clock);
    network.setClock(name, clock);
    this.#starts += 1;
    const runtime = {
      clock,
      random: random.fork(`start ${this.#starts} of ${index}`),
      sockets: network.host(name),
      ...this.#crypto(clock),
    };
    const common = { wsPort: SIMULATION_PORT, publicHost: name, rateLimiter: UNLIMITED, store };
    return { mesh: new MeshNetwork(identity, { ...common, ...options(index) }, runtime), clock };
  }

  get #isReal(): boolean {
    return this.#options.clock instanceof VirtualClock;
  }

  #crypto(hostClock: Clock): Pick<MeshRuntime, 'createPool' | 'createLinks'> {
    const { clock, costs, traffic } = this.#options;
    if (clock instanceof VirtualClock) return { createPool: () => new TrackedPool(clock) };
    const pool = new ModelPool(hostClock, costs);
    return { createPool: () => pool, createLinks: (needs) => modelLinks(needs, { pool, traffic }) };
  }
}
