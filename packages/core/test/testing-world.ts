import type { Door, Listener, Socket, SocketHandlers } from '../src/sockets/socket.js';
import { MemoryNetwork, SeededRandom, VirtualClock, type Latency } from '../src/testing/index.js';

/** Where {@link World} listens. */
export const URL_OF_B = 'ws://b:9001/';

/** Writes down what its socket tells it, and when. */
export class Recorder implements SocketHandlers {
  readonly events: string[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get messages(): string[] {
    return this.events
      .filter((event) => event.startsWith('message'))
      .map((event) => event.split(' ')[1] ?? '');
  }

  open(): void {
    this.#note('open');
  }
  message(bytes: Uint8Array): void {
    this.#note(`message ${bytes.length > 8 ? bytes.length : bytes.join('.')}`);
  }
  drain(): void {
    this.#note('drain');
  }
  close(code: number, reason: string): void {
    this.#note(`close ${code} ${reason}`);
  }

  #note(event: string): void {
    this.events.push(`${event} @${this.#clock.monotonicMs()}`);
  }
}

/** An in-memory network with recorders at its sockets. */
export class World {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly accepted: { readonly socket: Socket; readonly recorder: Recorder }[] = [];

  constructor(latencyMs: Latency = 10, seed: number | string = 1) {
    this.network = new MemoryNetwork({ clock: this.clock, random: new SeededRandom(seed), latencyMs });
  }

  listen(name = 'b', port = 9_001): Promise<Listener> {
    const accept = (socket: Socket): SocketHandlers => {
      const recorder = new Recorder(this.clock);
      this.accepted.push({ socket, recorder });
      return recorder;
    };
    return this.network.host(name).listen({ host: undefined, port, path: '/', door: openDoor(accept) });
  }

  dial(name = 'a', url = URL_OF_B): { readonly socket: Socket; readonly recorder: Recorder } {
    const recorder = new Recorder(this.clock);
    return { socket: this.network.host(name).dial(url, recorder), recorder };
  }

  /** A connection from a to b, open at both ends. */
  async connect() {
    await this.listen();
    const near = this.dial();
    await this.clock.advance(1_000);
    const far = this.accepted[0];
    if (far === undefined) throw new RangeError('nothing was accepted');
    near.recorder.events.length = 0;
    return { near, far };
  }
}

/** Lets everyone in. */
export function openDoor(accept: Door['accept']): Door {
  return {
    admits: () => true,
    request: () => true,
    garbled: () => undefined,
    upgrade: (address) => ({ allowed: true, address }),
    accept,
  };
}
