import {
  GATE_QUEUE_MAX,
  GATE_TIMEOUT_MS,
  type Clock,
  type GateVerdict,
  type MessageInfo,
  type Payload,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import type { SignedMessage } from './subscriber.js';

/** What is asked: a protocol's handler, or core itself. */
export type AskGate = (
  payload: Payload,
  info: MessageInfo,
  signed: SignedMessage,
) => GateVerdict | Promise<GateVerdict>;

/** Asks a protocol's gate, with a bound on how many wait and how long: beyond either the message is ignored and counted. */
export class Gate {
  readonly #ask: AskGate;
  readonly #clock: Clock;
  readonly #counters: Counters;
  #waiting = 0;

  constructor(ask: AskGate, clock: Clock, counters: Counters) {
    this.#ask = ask;
    this.#clock = clock;
    this.#counters = counters;
  }

  async ask(payload: Payload, info: MessageInfo, signed: SignedMessage): Promise<GateVerdict> {
    if (this.#waiting >= GATE_QUEUE_MAX) {
      this.#counters.add('gate:full');
      return 'ignore';
    }
    this.#waiting += 1;
    try {
      return await this.#withTimeout(async () => this.#ask(payload, info, signed));
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
