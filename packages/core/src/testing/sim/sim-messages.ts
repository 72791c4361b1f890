import type { Payload } from '../../transport/index.js';
import { SimMessage } from './sim-message.js';
import type { SimNode } from './sim-node.js';

/** All messages that were sent in a simulation. Their payload says which of them they are. */
export class SimMessages {
  readonly #messages: SimMessage[] = [];

  /** @throws RangeError where the sender is dead. */
  add(from: SimNode, to: SimNode | undefined, nowMs: number, nodes: number): SimMessage {
    if (!from.isAlive) throw new RangeError(`node ${from.index} is dead and sends nothing`);
    const message = new SimMessage(this.#messages.length, from, to, nowMs, nodes);
    this.#messages.push(message);
    return message;
  }

  /** The message that a payload came with; undefined where it is none of these. */
  of(payload: Payload): SimMessage | undefined {
    const number: unknown = Array.isArray(payload) ? payload[0] : undefined;
    return typeof number === 'number' ? this.#messages[number] : undefined;
  }
}

/** Has a message learn what becomes of its sending. */
export function watch(message: SimMessage, sent: Promise<unknown>): void {
  sent.then(
    () => (message.outcome = 'sent'),
    (error: unknown) => (message.outcome = { error }),
  );
}
