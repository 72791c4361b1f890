import type { ListeningSocketLayer, Socket, SocketHandlers } from '../sockets/socket.js';
import type { Clock } from '../transport/clock.js';
import type { Random } from '../transport/random.js';
import { GIVE_UP_MS, MemoryConnection } from './memory-connection.js';
import { MemoryHost, type Destination } from './memory-host.js';
import {
  NetworkConditions,
  type CapturedMessage,
  type Latency,
  type LatencyTable,
  type Tamper,
} from './network-conditions.js';

/** What a {@link MemoryNetwork} is made of. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Draws latencies. */
  readonly random: Random;
  /** One way, between hosts without a latency of their own. @default 1 */
  readonly latencyMs?: Latency | LatencyTable;
  /** Share of the packets of 1,448 B that are lost. Each is sent again 200 ms and a round trip later, and all behind it waits. @default 0 */
  readonly loss?: number | undefined;
  /** What a host sends in a second, all its connections together. @default unlimited */
  readonly bytesPerSecond?: number | undefined;
  /** Round trips of a dial: 1 opens the connection; 2 as TCP and then the WebSocket's request do. @default 1 */
  readonly dialRoundTrips?: 1 | 2 | undefined;
  /** What a cut has lost is sent again a latency after it heals, or when TCP, which doubles its wait each time, would. @default 'at once' */
  readonly retransmission?: 'at once' | 'backing off' | undefined;
  /** Told of everything that arrives; the name of the connection is a number. */
  readonly arrived?: ((connection: number, isFromDialler: boolean, bytes: number) => void) | undefined;
}

/** Names as URLs leave them: lower case, or an address without brackets. Loopback is every host's own. */
const NAME_PATTERN = /^(?!localhost$|127\.|::1$)[0-9a-z.:-]{1,253}$/;

/**
 * WebSockets between hosts in memory, on a given clock: `ws://<host name>:<port><path>`. Links behave as TCP does:
 * ordered, reliable, with a window of 256 KiB; a dial costs a round trip; a cut holds what is sent until it heals, and
 * resets connections after 30 s. The same seed and the same calls give the same run.
 */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #options: MemoryNetworkOptions;
  readonly #clocks = new Map<string, Clock>();
  readonly #conditions: NetworkConditions;
  readonly #hosts = new Map<string, MemoryHost>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #connectionsOf = new Map<string, Set<MemoryConnection>>();
  readonly #captures = new Set<(message: CapturedMessage) => void>();
  readonly #tampers = new Set<Tamper>();
  #connectionCount = 0;

  constructor(options: MemoryNetworkOptions) {
    const { clock, random, latencyMs = 1, loss, bytesPerSecond } = options;
    this.#clock = clock;
    this.#options = options;
    this.#conditions = new NetworkConditions({ random, latency: latencyMs, loss, bytesPerSecond });
  }

  /**
   * The host of this name, new if there is none or if it was killed. An address is a good name where addresses matter,
   * since `remoteAddress` shows it.
   * @throws TypeError for a name that no URL can hold as it is.
   */
  host(name: string): ListeningSocketLayer {
    const known = this.#hosts.get(name);
    if (known?.isDead === false) return known;
    if (!NAME_PATTERN.test(name))
      throw new TypeError(`a host name is lower case and not loopback, unlike ${name}`);
    const host = new MemoryHost(name, (from, destination, handlers) =>
      this.#dial(from, destination, handlers),
    );
    this.#hosts.set(name, host);
    return host;
  }

  /** Gives a host's next sockets a clock of their own: that of the process that owns them. */
  setClock(name: string, clock: Clock): void {
    this.#clocks.set(name, clock);
  }

  /** Sets the share of packets that are lost from now on. */
  setLoss(loss: number): void {
    this.#conditions.setLoss(loss);
  }

  /** Sockets of a host that are not closed: 0 once everything on it is stopped. */
  socketsOf(name: string): number {
    let count = 0;
    for (const connection of this.#connectionsOf.get(name) ?? []) count += connection.socketsOf(name);
    return count;
  }

  /** Sets the latency both ways, for what is sent from now on. */
  setLatency(a: string, b: string, latencyMs: Latency): void {
    this.#conditions.setLatency(a, b, latencyMs);
  }

  /**
   * Cuts two groups of hosts apart; without a second group, the first one from all others. What is sent is held.
   * Connections across the cut are reset after 30 s, dials after 30 s of their own. Answers how to heal it.
   */
  partition(groupA: readonly string[], groupB?: readonly string[]): () => void {
    return this.#cut(groupA, groupB, false);
  }

  /** Cuts one direction: nothing that group A sends arrives at group B, all else does. Otherwise as `partition`. */
  partitionOneWay(groupA: readonly string[], groupB?: readonly string[]): () => void {
    return this.#cut(groupA, groupB, true);
  }

  /** The whole process of a host stands still, or goes on: nothing is read of what the others send it. */
  setPaused(name: string, isPaused: boolean): void {
    this.#conditions.setPaused(name, isPaused);
    if (isPaused) return;
    for (const connection of this.#connectionsOf.get(name) ?? []) connection.proceed(false);
  }

  #cut(groupA: readonly string[], groupB: readonly string[] | undefined, isOneWay: boolean): () => void {
    const heal = this.#conditions.cut(groupA, groupB, isOneWay);
    const crossing = [...this.#connections].filter(
      ({ dialler, listener }) =>
        this.#conditions.isCut(dialler, listener) || this.#conditions.isCut(listener, dialler),
    );
    const timer = this.#clock.setTimer(GIVE_UP_MS, () => {
      for (const connection of crossing) connection.reset();
    });
    return () => {
      this.#clock.clearTimer(timer);
      heal();
      this.#proceed(true);
    };
  }

  /**
   * Host `to` stops reading what `from` sends, as a frozen process does: 256 KiB a connection go into its kernel, the rest
   * stays with the sender as bufferedBytes. Answers how to resume.
   */
  stall(from: string, to: string): () => void {
    const resume = this.#conditions.stall(from, to);
    return () => {
      resume();
      this.#proceed(false);
    };
  }

  /** Resets the connections between two hosts, with all that is on its way. */
  reset(a: string, b: string): void {
    for (const connection of [...(this.#connectionsOf.get(a) ?? [])])
      if (connection.joins(a, b)) connection.reset();
  }

  /**
   * The host's process dies: it hears nothing more and what it still does is without effect; the other ends hear of it a
   * latency later. `host(name)` starts it anew.
   */
  kill(name: string): void {
    this.#hosts.get(name)?.kill();
    for (const connection of [...(this.#connectionsOf.get(name) ?? [])]) connection.kill(name);
  }

  /** Shows every message as it is sent, before anyone tampers with it. Answers how to stop. */
  capture(listener: (message: CapturedMessage) => void): () => void {
    this.#captures.add(listener);
    return () => void this.#captures.delete(listener);
  }

  /** Lets a hook change, drop, repeat or invent messages on the wire; several act in turn. Answers how to stop. */
  tamper(hook: Tamper): () => void {
    this.#tampers.add(hook);
    return () => void this.#tampers.delete(hook);
  }

  #dial(host: MemoryHost, destination: Destination, handlers: SocketHandlers): Socket {
    this.#connectionCount += 1;
    const number = this.#connectionCount;
    const { dialRoundTrips = 1, retransmission, arrived, random } = this.#options;
    const isLossy = this.#options.loss !== undefined;
    const connection: MemoryConnection = new MemoryConnection({
      clock: this.#clock,
      clockOf: (name) => this.#clocks.get(name) ?? this.#clock,
      conditions: this.#conditions,
      // Drawn only where they are used, so that runs without losses are what they were.
      lossSeeds: isLossy ? [random.u32(), random.u32()] : [2 * number, 2 * number + 1],
      dialRoundTrips,
      isBackingOff: retransmission === 'backing off',
      arrived: arrived && ((isFromDialler, bytes) => arrived(number, isFromDialler, bytes)),
      dialler: host.name,
      listener: destination.host,
      door: () => this.#hosts.get(destination.host)?.door(destination.port, destination.path),
      leaving: (isFromDialler, bytes) => this.#leaving(connection, number, isFromDialler, bytes),
      ended: () => this.#forget(connection),
    });
    this.#remember(connection);
    connection.dial(handlers);
    if (host.isDead) connection.kill(host.name);
    return connection.dialled;
  }

  #remember(connection: MemoryConnection): void {
    this.#connections.add(connection);
    for (const name of [connection.dialler, connection.listener]) {
      const own = this.#connectionsOf.get(name) ?? new Set();
      this.#connectionsOf.set(name, own.add(connection));
    }
  }

  #forget(connection: MemoryConnection): void {
    this.#connections.delete(connection);
    for (const name of [connection.dialler, connection.listener])
      this.#connectionsOf.get(name)?.delete(connection);
  }

  #leaving(
    { dialler, listener }: MemoryConnection,
    connection: number,
    isFromDialler: boolean,
    bytes: Uint8Array,
  ): readonly Uint8Array[] | undefined {
    if (this.#captures.size === 0 && this.#tampers.size === 0) return undefined;
    const [from, to] = isFromDialler ? [dialler, listener] : [listener, dialler];
    const atMs = this.#clock.monotonicMs();
    const describe = (sent: Uint8Array): CapturedMessage => ({
      from,
      to,
      connection,
      isFromDialler,
      atMs,
      bytes: sent,
    });
    for (const listen of this.#captures) listen(describe(bytes.slice()));
    let travelling: readonly Uint8Array[] = [bytes];
    for (const hook of this.#tampers) travelling = travelling.flatMap((sent) => hook(describe(sent)));
    return travelling;
  }

  #proceed(isSentAgain: boolean): void {
    for (const connection of this.#connections) connection.proceed(isSentAgain);
  }
}
