import type { Door, SocketHandlers } from '../sockets/socket.js';
import type { Clock, TimerHandle } from '../transport/clock.js';
import { MemoryPipe, type Packet } from './memory-pipe.js';
import { MemorySocket } from './memory-socket.js';
import type { NetworkConditions } from './network-conditions.js';

/** How long a dial waits for an answer, and how long a cut may last, before TCP gives a connection up. */
export const GIVE_UP_MS = 30_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly conditions: NetworkConditions;
  readonly dialler: string;
  readonly listener: string;
  /** The dial has arrived: who listens there, or undefined where nobody does. */
  door(): Door | undefined;
  leaving(isFromDialler: boolean, bytes: Uint8Array): readonly Uint8Array[];
  /** Both ends are closed. */
  ended(): void;
}

/** A connection in memory: two sockets, and a pipe each way. */
export class MemoryConnection {
  readonly dialler: string;
  readonly listener: string;
  readonly dialled: MemorySocket;
  readonly accepted: MemorySocket;
  readonly #options: ConnectionOptions;
  readonly #forth: MemoryPipe;
  readonly #back: MemoryPipe;
  #dialTimer: TimerHandle | undefined;
  #isAccepted = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.dialler = options.dialler;
    this.listener = options.listener;
    this.#forth = this.#pipe(true);
    this.#back = this.#pipe(false);
    this.dialled = this.#socket(true);
    this.accepted = this.#socket(false);
  }

  dial(handlers: SocketHandlers): void {
    this.dialled.attach(handlers);
    this.#dialTimer = this.#options.clock.setTimer(GIVE_UP_MS, () => this.reset());
    this.#forth.send({ type: 'dial' });
  }

  joins(a: string, b: string): boolean {
    return (this.dialler === a && this.listener === b) || (this.dialler === b && this.listener === a);
  }

  /** Lost at once at both ends, with all that was on its way. */
  reset(): void {
    this.#forth.destroy();
    this.#back.destroy();
    this.dialled.fail();
    this.accepted.fail();
  }

  /** The process of this host has died. */
  kill(host: string): void {
    if (this.dialler === host) this.dialled.kill();
    if (this.listener === host && this.#isAccepted) this.accepted.kill();
  }

  /** Sockets of this host that are not closed. */
  socketsOf(host: string): number {
    const dialled = this.dialler === host && !this.dialled.isClosed ? 1 : 0;
    const accepted = this.listener === host && this.#isAccepted && !this.accepted.isClosed ? 1 : 0;
    return dialled + accepted;
  }

  /** Conditions have changed: what was held goes on, a latency later if a cut had lost it and it is sent again. */
  proceed(isSentAgain: boolean): void {
    const { conditions, dialler, listener } = this.#options;
    this.#forth.proceed(isSentAgain ? conditions.drawLatencyMs(dialler, listener) : 0);
    this.#back.proceed(isSentAgain ? conditions.drawLatencyMs(listener, dialler) : 0);
  }

  #pipe(isForth: boolean): MemoryPipe {
    const { clock, conditions, dialler, listener } = this.#options;
    const [from, to] = isForth ? [dialler, listener] : [listener, dialler];
    return new MemoryPipe({
      clock,
      latencyMs: () => conditions.drawLatencyMs(from, to),
      isHeld: () =>
        conditions.isCut(from, to) ||
        conditions.isStalled(from, to) ||
        (isForth ? this.accepted : this.dialled).isPaused,
      leaving: (bytes) => this.#options.leaving(isForth, bytes),
      drained: () => (isForth ? this.dialled : this.accepted).drained(),
      deliver: (packet) => (isForth ? this.#arriveAtListener(packet) : this.#arriveAtDialler(packet)),
    });
  }

  #socket(isDialled: boolean): MemorySocket {
    const outgoing = isDialled ? this.#forth : this.#back;
    const incoming = isDialled ? this.#back : this.#forth;
    return new MemorySocket({
      clock: this.#options.clock,
      remoteAddress: isDialled ? this.listener : this.dialler,
      state: isDialled ? 'connecting' : 'open',
      outgoing,
      resumed: () => incoming.proceed(0),
      ended: () => this.#ended(),
    });
  }

  #arriveAtListener(packet: Packet): void {
    if (packet.type === 'dial') this.#acceptDial();
    else if (this.#isAccepted) this.accepted.receive(packet);
  }

  #acceptDial(): void {
    const door = this.#options.door();
    if (door?.admits(this.dialler) !== true) {
      this.accepted.terminate();
      return;
    }
    const verdict = door.upgrade(this.dialler, { headers: {} });
    if (!verdict.allowed) {
      this.accepted.refuse(verdict.status);
      return;
    }
    this.#isAccepted = true;
    // Before the handlers are asked for, so that whatever these send comes after it.
    this.#back.send({ type: 'open' });
    this.accepted.attach(door.accept(this.accepted));
  }

  #arriveAtDialler(packet: Packet): void {
    this.#disarm();
    this.dialled.receive(packet);
  }

  #disarm(): void {
    if (this.#dialTimer !== undefined) this.#options.clock.clearTimer(this.#dialTimer);
    this.#dialTimer = undefined;
  }

  #ended(): void {
    if (this.dialled.isClosed) this.#disarm();
    if (this.dialled.isClosed && this.accepted.isClosed) this.#options.ended();
  }
}
