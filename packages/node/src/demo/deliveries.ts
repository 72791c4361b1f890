import type { Arrival } from './messages.js';

/** A message as one node received it. */
export interface Delivery extends Arrival {
  /** The receiving node's number. */
  readonly node: number;
}

/** Who has received which of the messages that the demo sent. Forgotten tokens make room; others are never kept. */
export class Deliveries {
  readonly #byToken = new Map<string, Delivery[]>();
  readonly #perNode = new Map<number, number>();
  readonly #listeners = new Set<() => void>();

  /** From now on deliveries of this message are kept. */
  expect(token: string): void {
    this.#byToken.set(token, []);
  }

  forget(token: string): void {
    this.#byToken.delete(token);
  }

  add(delivery: Delivery): void {
    this.#perNode.set(delivery.node, this.receivedBy(delivery.node) + 1);
    this.#byToken.get(delivery.token)?.push(delivery);
    for (const listener of this.#listeners) listener();
  }

  of(token: string): readonly Delivery[] {
    return this.#byToken.get(token) ?? [];
  }

  /** Messages that a node has received in all. */
  receivedBy(node: number): number {
    return this.#perNode.get(node) ?? 0;
  }

  /** Resolves once each of these messages has been delivered so often; rejects with the signal's reason. */
  whenDelivered(tokens: readonly string[], times: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#listeners.delete(look);
        signal.removeEventListener('abort', aborted);
        finish();
      };
      const aborted = (): void => settle(() => reject(signal.reason));
      const look = (): void => {
        if (tokens.every((token) => this.of(token).length >= times)) settle(resolve);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', aborted);
      this.#listeners.add(look);
      look();
    });
  }
}
