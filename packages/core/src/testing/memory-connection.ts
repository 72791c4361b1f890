import type { Door, SocketHandlers } from '../sockets/socket.js';
import type { Clock, TimerHandle } from '../transport/clock.js';
import { MemoryPipe, type Packet } from './memory-pipe.js';
import { MemorySocket } from './memory-socket.js';
import type { NetworkConditions } from './network-conditions.js';
import { Wire } from './wire.js';

/** How long a dial waits for an answer, and how long a cut may last, before TCP gives a connection up. */
export const GIVE_UP_MS = 30_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  /** The clocks of the two processes. */
  readonly clockOf: (host: string) => Clock;
  readonly conditions: NetworkConditions;
  readonly dialler: string;
  readonly listener: string;
  /** Of the losses of its two directions. */
  readonly lossSeeds: readonly [number, number];
  readonly dialRoundTrips: number;
  readonly isBackingOff: boolean;
  /** The dial has arrived: who listens there, or undefined where nobody does. */
  door(): Door | undefined;
  leaving(isFromDialler: boolean, bytes: Uint8Array): readonly Uint8Array[] | undefined;
  /** A packet has arrived. */
  arrived?: ((isFromDialler: boolean, bytes: number) => void) | undefined;
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
  readonly #forthWire: Wire;
  readonly #backWire: Wire;
  #dialTimer: TimerHandle | undefined;
  #isAccepted = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.dialler = options.dialler;
    this.listener = options.listener;
    const { conditions, lossSeeds } = options;
    this.#forthWire = new Wire(conditions, this.dialler, this.listener, lossSeeds[0]);
    this.#backWire = new Wire(conditions, this.listener, this.dialler, lossSeeds[1]);
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

  /** Conditions have changed: what was held goes on, when it is sent again if a cut had lost it. */
  proceed(isSentAgain: boolean): void {
    this.#proceed(this.#forth, this.#forthWire, isSentAgain);
    this.#proceed(this.#back, this.#backWire, isSentAgain);
  }

  #proceed(pipe: MemoryPipe, wire: Wire, isSentAgain: boolean): void {
    const { clock, isBackingOff } = this.#options;
    if (!isSentAgain) return pipe.proceed(0);
    const heldMs = clock.monotonicMs() - (pipe.headArrivalMs ?? clock.monotonicMs());
    pipe.proceed(isBackingOff && heldMs > 0 ? wire.retryMs(heldMs) : wire.latencyMs());
  }

  #pipe(isForth: boolean): MemoryPipe {
    const { clock, dialRoundTrips, arrived } = this.#options;
    return new MemoryPipe({
      clock,
      wire: isForth ? this.#forthWire : this.#backWire,
      dialExtraTrips: 2 * (dialRoundTrips - 1),
      isPaused: () => (isForth ? this.accepted : this.dialled).isPaused,
      leaving: (bytes) => this.#options.leaving(isForth, bytes),
      drained: () => (isForth ? this.dialled : this.accepted).drained(),
      deliver: (packet) => {
        arrived?.(isForth, packet.type === 'message' ? packet.bytes.length : 0);
        if (isForth) this.#arriveAtListener(packet);
        else this.#arriveAtDialler(packet);
      },
    });
  }

  #socket(isDialled: boolean): MemorySocket {
    const outgoing = isDialled ? this.#forth : this.#back;
    const incoming = isDialled ? this.#back : this.#forth;
    return new MemorySocket({
      clock: this.#options.clockOf(isDialled ? this.dialler : this.listener),
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
