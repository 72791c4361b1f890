import type { ListeningSocketLayer, Socket, SocketHandlers } from '../sockets/socket.js';
import type { Clock } from '../transport/clock.js';
import type { Random } from '../transport/random.js';
import { GIVE_UP_MS, MemoryConnection } from './memory-connection.js';
import { MemoryHost, type Destination } from './memory-host.js';
import { NetworkConditions, type CapturedMessage, type Latency, type Tamper } from './network-conditions.js';

/** What a {@link MemoryNetwork} is made of. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Draws latencies. */
  readonly random: Random;
  /** One way, between hosts without a latency of their own. @default 1 */
  readonly latencyMs?: Latency;
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
  readonly #conditions: NetworkConditions;
  readonly #hosts = new Map<string, MemoryHost>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #captures = new Set<(message: CapturedMessage) => void>();
  readonly #tampers = new Set<Tamper>();
  #connectionCount = 0;

  constructor({ clock, random, latencyMs = 1 }: MemoryNetworkOptions) {
    this.#clock = clock;
    this.#conditions = new NetworkConditions(random, latencyMs);
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

  /** Sockets of a host that are not closed: 0 once everything on it is stopped. */
  socketsOf(name: string): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.socketsOf(name);
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
    const heal = this.#conditions.cut(groupA, groupB);
    const crossing = [...this.#connections].filter(({ dialler, listener }) =>
      this.#conditions.isCut(dialler, listener),
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
    for (const connection of [...this.#connections]) if (connection.joins(a, b)) connection.reset();
  }

  /**
   * The host's process dies: it hears nothing more and what it still does is without effect; the other ends hear of it a
   * latency later. `host(name)` starts it anew.
   */
  kill(name: string): void {
    this.#hosts.get(name)?.kill();
    for (const connection of [...this.#connections]) connection.kill(name);
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
    const connection: MemoryConnection = new MemoryConnection({
      clock: this.#clock,
      conditions: this.#conditions,
      dialler: host.name,
      listener: destination.host,
      door: () => this.#hosts.get(destination.host)?.door(destination.port, destination.path),
      leaving: (isFromDialler, bytes) => this.#leaving(connection, number, isFromDialler, bytes),
      ended: () => void this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.dial(handlers);
    if (host.isDead) connection.kill(host.name);
    return connection.dialled;
  }

  #leaving(
    { dialler, listener }: MemoryConnection,
    connection: number,
    isFromDialler: boolean,
    bytes: Uint8Array,
  ): readonly Uint8Array[] {
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
