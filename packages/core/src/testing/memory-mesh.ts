import { Identity } from '@yakmesh/crypto';
import type { PeerIdentity } from '../mesh/connector.js';
import { MeshNetwork } from '../mesh-network.js';
import type { MeshOptions } from '../options.js';
import { MemoryNetwork } from './memory-network.js';
import type { Latency } from './network-conditions.js';
import { SeededRandom } from './seeded-random.js';
import { SkewedClock } from './skewed-clock.js';
import { TrackedPool } from './tracked-pool.js';
import { VirtualClock } from './virtual-clock.js';

/** Every node of a memory mesh is a machine of its own and listens here. */
export const MEMORY_MESH_PORT = 9_001;
const SEED_BYTES = 32;
/** Hosts in memory have no loopback address, so the default limits on connections would meet every test that redials. */
const UNLIMITED = { maxConnectionsPerMinute: 1_000_000, maxHandshakesPerMinute: 1_000_000 };

/** What a {@link MemoryMesh} is made of. */
export interface MemoryMeshOptions {
  /** Host names, lower case; an address is a good name where addresses matter. */
  readonly nodes?: readonly string[] | undefined;
  /** Determines identities, latencies, jitter and labels, and so the whole order of events. @default 1 */
  readonly seed?: number | string | undefined;
  /** One way, between hosts without a latency of their own. @default 1 */
  readonly latencyMs?: Latency | undefined;
  /** Options of every node, or of the one named. */
  readonly options?: MeshOptions | ((name: string) => MeshOptions) | undefined;
}

/**
 * Real mesh nodes, with real keys and signatures, on hosts in memory and on virtual time: nothing happens until the clock
 * is told to go on, and the same seed and the same calls give the same order of events.
 */
export class MemoryMesh {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly #options: MemoryMeshOptions['options'];
  readonly #nodes = new Map<string, MeshNetwork>();
  readonly #clocks = new Map<string, SkewedClock>();
  #starts = 0;

  constructor({ seed = 1, latencyMs = 1, options }: MemoryMeshOptions) {
    this.random = new SeededRandom(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.random.fork('network'), latencyMs });
    this.#options = options;
  }

  get nodes(): readonly MeshNetwork[] {
    return [...this.#nodes.values()];
  }

  /** @throws RangeError for a name that has no node. */
  node(name: string): MeshNetwork {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new RangeError(`there is no node ${name} in this mesh`);
    return node;
  }

  /** Where others dial a node. */
  url(name: string): string {
    return `ws://${name}:${MEMORY_MESH_PORT}/`;
  }

  /** The identity of a host: the same at every start of it. */
  identity(name: string): Promise<Identity> {
    return Identity.fromSeed(this.random.fork(`identity/${name}`).bytes(SEED_BYTES));
  }

  /** A node that is not started yet; it takes the place of an earlier one of this name. */
  async make(name: string, options: MeshOptions = {}): Promise<MeshNetwork> {
    this.#starts += 1;
    const common = typeof this.#options === 'function' ? this.#options(name) : (this.#options ?? {});
    const node = new MeshNetwork(
      await this.identity(name),
      { wsPort: MEMORY_MESH_PORT, rateLimiter: UNLIMITED, ...common, ...options },
      {
        clock: this.#clockOf(name),
        random: this.random.fork(`start ${this.#starts} of ${name}`),
        sockets: this.network.host(name),
        createPool: () => new TrackedPool(this.clock),
      },
    );
    this.#nodes.set(name, node);
    return node;
  }

  /** Makes a node and starts it. */
  async start(name: string, options: MeshOptions = {}): Promise<MeshNetwork> {
    const node = await this.make(name, options);
    await this.run(node.start());
    return node;
  }

  /** Sets how far a host's wall clock is ahead of all others. */
  setClockSkew(name: string, skewMs: number): void {
    this.#clockOf(name).skewMs = skewMs;
  }

  /** One node dials another. */
  connect(from: string, to: string): Promise<PeerIdentity> {
    return this.run(this.node(from).connect(this.url(to)));
  }

  /** A link between each two, one after the other; each lasts long enough to be used both ways. */
  async connectAll(): Promise<void> {
    const names = [...this.#nodes.keys()];
    for (const [index, from] of names.entries())
      for (const to of names.slice(index + 1)) await this.connect(from, to);
    await this.advance(100);
  }

  /** Lets time pass until the promise is settled, at most an hour. */
  run<T>(promise: PromiseLike<T>, limitMs?: number): Promise<T> {
    return this.clock.until(promise, limitMs);
  }

  /** Lets time pass. */
  advance(durationMs: number): Promise<void> {
    return this.clock.advance(durationMs);
  }

  /** Lets time pass until a condition holds; rejects with a RangeError that names it when it never does. */
  async until(what: string, condition: () => boolean, limitMs = 60_000): Promise<void> {
    const endMs = this.clock.monotonicMs() + limitMs;
    while (!condition()) {
      if (this.clock.monotonicMs() >= endMs)
        throw new RangeError(`${what} did not come within ${limitMs} ms`);
      await this.advance(1);
    }
  }

  /** The process of a node dies: nothing is said to anyone. Start it anew with `start`. */
  kill(name: string): void {
    const node = this.node(name);
    this.network.kill(name);
    this.#nodes.delete(name);
    // Its timers must not outlive it for long; what it still says goes nowhere.
    void node.stop();
  }

  /** Stops all nodes. */
  async stop(): Promise<void> {
    await this.run(Promise.all(this.nodes.map((node) => node.stop())));
  }

  #clockOf(name: string): SkewedClock {
    const clock = this.#clocks.get(name) ?? new SkewedClock(this.clock);
    this.#clocks.set(name, clock);
    return clock;
  }
}

/** Started nodes without links. */
export async function memoryMesh(options: MemoryMeshOptions = {}): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(options);
  for (const name of options.nodes ?? []) await mesh.start(name);
  return mesh;
}
