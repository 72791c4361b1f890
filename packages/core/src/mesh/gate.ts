import {
  GATE_QUEUE_MAX,
  GATE_TIMEOUT_MS,
  type Clock,
  type GateVerdict,
  type MessageInfo,
  type Payload,
  type ProtocolHandlers,
} from '../transport/index.js';
import type { Counters } from './counters.js';

/** Asks a protocol's gate, with a bound on how many wait and how long: beyond either the message is ignored and counted. */
export class Gate {
  readonly #handlers: ProtocolHandlers;
  readonly #clock: Clock;
  readonly #counters: Counters;
  #waiting = 0;

  constructor(handlers: ProtocolHandlers, clock: Clock, counters: Counters) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#counters = counters;
  }

  async ask(payload: Payload, info: MessageInfo): Promise<GateVerdict> {
    if (this.#waiting >= GATE_QUEUE_MAX) {
      this.#counters.add('gate:full');
      return 'ignore';
    }
    this.#waiting += 1;
    try {
      return await this.#withTimeout(async () => (await this.#handlers.gate?.(payload, info)) ?? 'forward');
    } catch {
      this.#counters.add('gate:failed');
      return 'ignore';
    } finally {
      this.#waiting -= 1;
    }
  }

  #withTimeout(ask: () => Promise<GateVerdict>): Promise<GateVerdict> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(GATE_TIMEOUT_MS, () => {
        this.#counters.add('gate:timeout');
        resolve('ignore');
      });
      ask()
        .then(resolve, reject)
        .finally(() => this.#clock.clearTimer(timer));
    });
  }
}
