import type { BroadcastOptions, Payload, SendOptions } from '../../transport/index.js';
import { MemoryNetwork } from '../memory-network.js';
import { SeededRandom } from '../seeded-random.js';
import { VirtualClock } from '../virtual-clock.js';
import { milliseconds, type Duration } from './duration.js';
import { FastClock } from './fast-clock.js';
import { Faults } from './faults.js';
import { Measures, type Measured } from './measures.js';
import { MODEL_COSTS } from './model-pool.js';
import { NodeFactory, SIMULATION_PORT } from './node-factory.js';
import { randomRegularGraph, shuffled } from './random-graph.js';
import type { Reach, SimMessage } from './sim-message.js';
import { SimMessages, watch } from './sim-messages.js';
import { addressOf, SimNode, type Restart } from './sim-node.js';
import { latencyOf, requireNodes, type SimulationOptions } from './simulation-options.js';
import { isWhole, linksOf } from './topology.js';
import { Trace } from './trace.js';
import { Traffic } from './traffic.js';

/** What the simulation's own messages travel under. */
const PROTOCOL = 'sim/1';
/** Contacts that a joining node asks before it gives up. */
const CONTACTS_MAX = 8;
/** How long links must be left as they are before `settle` calls them settled. */
const STILL_MS = 2_000;

/**
 * Many real mesh nodes on virtual time, and what happens to them. Nothing happens until time passes, and the same seed and the
 * same calls give the same events: {@link Simulation.trace}. Make one with `simulate`.
 */
export class Simulation {
  /** The running hash of everything that arrived and was delivered. */
  readonly trace = new Trace();
  readonly seed: string;
  readonly clock: FastClock | VirtualClock;
  readonly network: MemoryNetwork;
  readonly nodes: SimNode[] = [];
  readonly #random: SeededRandom;
  readonly #factory: NodeFactory;
  readonly #measures: Measures;
  readonly #messages = new SimMessages();
  readonly #faults: Faults;

  constructor(options: SimulationOptions) {
    const { seed = 1, crypto = 'model', loss = 0, bytesPerSecond, maxPeers = 10 } = options;
    requireNodes(options.nodes, crypto);
    this.clock = crypto === 'real' ? new VirtualClock() : new FastClock();
    this.#random = new SeededRandom(seed);
    this.seed = this.#random.seed;
    const traffic = new Traffic();
    this.network = new MemoryNetwork({
      clock: this.clock,
      random: this.#random.fork('network'),
      latencyMs: latencyOf(options.latency ?? 50),
      loss,
      bytesPerSecond,
      dialRoundTrips: 2,
      retransmission: 'backing off',
      arrived: (connection, isFromDialler, bytes) => {
        this.#measures.arrived(bytes);
        this.trace.mix(this.clock.monotonicMs(), isFromDialler ? connection : -connection, bytes);
      },
    });
    this.#faults = new Faults(this.network, this.clock);
    const own = options.options;
    this.#factory = new NodeFactory({
      clock: this.clock,
      random: this.#random,
      network: this.network,
      traffic,
      costs: options.costs ?? MODEL_COSTS.noble,
      options: (index) => ({ maxPeers, ...(typeof own === 'function' ? own(index) : own) }),
    });
    this.#measures = new Measures(this.nodes, traffic, this.clock);
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  /** Nodes whose process runs. */
  get alive(): readonly SimNode[] {
    return this.nodes.filter(({ isAlive }) => isAlive);
  }

  /** @throws RangeError where there is none. */
  node(index: number): SimNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index} among ${this.nodes.length}`);
    return node;
  }

  /** What to print when a claim breaks, so that the run can be replayed. */
  describe(): string {
    return `${this.#random.describe()} at ${this.nowMs} ms, trace ${this.trace.hash}`;
  }

  /** Makes nodes without links and starts them; `simulate` has done so. */
  async start(count: number): Promise<void> {
    for (let index = this.nodes.length; index < count; index += 1) {
      const identity = await this.#factory.identity(index);
      const name = addressOf(index);
      const store = this.#factory.store();
      const process = this.#factory.process(index, name, identity, store);
      const node: SimNode = new SimNode({
        index,
        name,
        identity,
        store,
        ...process,
        port: process.mesh.open(PROTOCOL, { message: (payload) => this.#delivered(node, payload) }),
        startedMs: this.nowMs,
      });
      this.nodes.push(node);
    }
    await this.clock.until(Promise.all(this.nodes.map(({ mesh }) => mesh.start())));
  }

  /** Lets time pass. */
  pass(duration: Duration): Promise<void> {
    return this.clock.advance(milliseconds(duration));
  }

  /** Lets time pass until every live node is linked to all others over some way and no link has come or gone for two seconds; answers whether that came in time. */
  async settle(limit: Duration): Promise<boolean> {
    const endMs = this.nowMs + milliseconds(limit);
    let before = '';
    while (this.nowMs < endMs) {
      const links = linksOf(this.nodes);
      const now = links.join();
      if (now === before && isWhole(this.nodes, links)) return true;
      before = now;
      await this.pass(Math.min(STILL_MS, endMs - this.nowMs));
    }
    return false;
  }

  /** Lets time pass until a promise is settled, and answers its outcome. */
  run<T>(promise: PromiseLike<T>, limit: Duration = 3_600_000): Promise<T> {
    return this.clock.until(promise, milliseconds(limit));
  }

  /** Every node but the first joins through a node that has joined before it, one after the other; those that refuse it are replaced by others. */
  async joinAll(spacing: Duration = 20): Promise<void> {
    const joins: Promise<void>[] = [];
    for (const [index, node] of this.nodes.entries()) {
      if (index > 0) joins.push(this.#join(node, this.nodes.slice(0, index)));
      await this.pass(spacing);
    }
    await this.run(Promise.all(joins));
  }

  /** Links the live nodes so that each has so many neighbours, drawn at random. What nodes find by themselves comes on top, and who is full by then refuses. */
  async linkRandomly(neighbours: number): Promise<void> {
    const nodes = this.alive;
    const pairs = randomRegularGraph(nodes.length, neighbours, this.#random.fork('links'));
    const dials = pairs.map(([a, b]) => this.#connect(nodes[a], nodes[b]));
    await this.run(Promise.allSettled(dials));
    await this.pass(1_000);
  }

  /** One node dials another, and time passes until it has answered. */
  async link(from: SimNode, to: SimNode): Promise<void> {
    await this.run(this.#connect(from, to));
  }

  /** Sends a message to all; it leaves as time passes. */
  broadcast(from: SimNode, payload: Payload = null, options: BroadcastOptions = {}): SimMessage {
    const message = this.#messages.add(from, undefined, this.nowMs, this.nodes.length);
    watch(message, from.port.broadcast([message.number, payload], options));
    return message;
  }

  /** Sends a message to one node. */
  send(from: SimNode, to: SimNode, payload: Payload = null, options: SendOptions = {}): SimMessage {
    const message = this.#messages.add(from, to, this.nowMs, this.nodes.length);
    watch(message, from.port.send(to.nodeId, [message.number, payload], options));
    return message;
  }

  /** Where a message has come to, among the nodes that have run since before it was sent. */
  reached(message: SimMessage): Reach {
    return message.reach(this.alive.filter(({ startedMs }) => startedMs <= message.sentMs));
  }

  /** Live nodes drawn at random: a share of them below 1, or so many. */
  some(shareOrCount: number, among: readonly SimNode[] = this.alive): SimNode[] {
    const count = shareOrCount < 1 ? Math.round(shareOrCount * among.length) : shareOrCount;
    return shuffled(among, this.#random.fork(`some ${this.trace.steps} ${this.nowMs}`)).slice(0, count);
  }

  /** Processes die; their systems live on and reset their connections. */
  kill(nodes: SimNode | readonly SimNode[]): void {
    this.#faults.kill(asList(nodes));
  }

  /** Hosts vanish, as when their plug is pulled: nothing is reset, and nothing that is sent to them is answered. */
  silence(nodes: SimNode | readonly SimNode[]): void {
    this.#faults.silence(asList(nodes));
  }

  /** A dead node starts again with its identity and its store; `through` is dialled once it runs. */
  restart(node: SimNode, through?: SimNode): Promise<void> {
    return this.run(this.#revive(node, through));
  }

  /** Several do so at once; answers what became of each. */
  restartAll(starts: readonly Restart[]): Promise<PromiseSettledResult<void>[]> {
    return this.run(Promise.allSettled(starts.map(({ node, through }) => this.#revive(node, through))));
  }

  /** Nothing passes between two groups, or between one and all others, until `heal`. Links are reset after 30 s. */
  cut(groupA: SimNode | readonly SimNode[], groupB?: SimNode | readonly SimNode[]): void {
    this.#faults.cut(asList(groupA), groupB && asList(groupB));
  }

  /** Nothing passes from the first group to the second; the other way is as before. */
  cutOneWay(from: SimNode | readonly SimNode[], to?: SimNode | readonly SimNode[]): void {
    this.#faults.cutOneWay(asList(from), to && asList(to));
  }

  /** Ends all cuts. */
  heal(): void {
    this.#faults.heal();
  }

  /** A process stands still for so long, and its peers' data waits in its kernel. */
  pause(node: SimNode, duration: Duration): void {
    this.#faults.pause(node, milliseconds(duration));
  }

  /** A node's wall clock is ahead of the others' by so much; a negative number is behind. */
  skew(node: SimNode, aheadMs: number): void {
    node.clock.skewMs = aheadMs;
  }

  /** A node's clocks gain so many millionths. */
  drift(node: SimNode, partsPerMillion: number): void {
    node.clock.drift(partsPerMillion);
  }

  /** What was counted since the last time that this was asked. */
  measure(): Measured {
    return this.#measures.take();
  }

  /** Neighbours of each live node. */
  degrees(): readonly number[] {
    return this.alive.map(({ mesh }) => mesh.getPeers().length);
  }

  /** Stops all live nodes in an orderly way; a simulation that is dropped needs it not. */
  async stop(): Promise<void> {
    await this.run(Promise.all(this.alive.map(({ mesh }) => mesh.stop())));
  }

  async #revive(node: SimNode, through?: SimNode): Promise<void> {
    if (node.isAlive) throw new RangeError(`node ${node.index} runs; kill it first`);
    this.#faults.revive(node);
    const { mesh, clock } = this.#factory.process(node.index, node.name, node.identity, node.store);
    this.#measures.replaced(node);
    node.mesh = mesh;
    node.clock = clock;
    node.port = mesh.open(PROTOCOL, { message: (payload) => this.#delivered(node, payload) });
    await mesh.start();
    node.isAlive = true;
    node.startedMs = this.nowMs;
    if (through !== undefined) await this.#join(node, [through]);
  }

  async #join(node: SimNode, contacts: readonly SimNode[]): Promise<void> {
    let failure: unknown = new RangeError('no contact is alive');
    const random = this.#random.fork(`join ${node.index}`);
    for (const contact of shuffled(contacts, random).slice(0, CONTACTS_MAX)) {
      try {
        return await this.#connect(node, contact);
      } catch (error) {
        failure = error;
      }
    }
    throw new Error(`node ${node.index} found no way in (${this.describe()})`, { cause: failure });
  }

  async #connect(from: SimNode | undefined, to: SimNode | undefined): Promise<void> {
    if (from !== undefined && to !== undefined)
      await from.mesh.connect(`ws://${to.name}:${SIMULATION_PORT}/`);
  }

  #delivered(node: SimNode, payload: Payload): void {
    const message = this.#messages.of(payload);
    if (message === undefined) return;
    this.trace.mix(this.nowMs, node.index, message.number);
    message.delivered(node, this.nowMs);
  }
}

function asList(nodes: SimNode | readonly SimNode[]): readonly SimNode[] {
  return nodes instanceof SimNode ? [nodes] : nodes;
}
