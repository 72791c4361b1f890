import type { Machine } from '../transport/index.js';

/** Messages of ours that wait for their acknowledgement; a further one is refused with MESH_BUSY. */
export const DELIVERIES_MAX = 8_192;
/** Bytes of them, as queues count them. */
export const DELIVERIES_BYTES_MAX = 33_554_432;
/** How long a message is sent again and again before its sender hears MESH_UNREACHABLE. */
export const DELIVERY_MS = 15_000;
/** Least time before a message is sent again. */
export const RESEND_MS_MIN = 250;
/** The first such time where nothing is known of the way. */
export const RESEND_MS_DEFAULT = 1_000;
/** The longest; each is twice the one before. */
export const RESEND_MS_MAX = 4_000;
/** Due times are kept as exact as this, so that many messages share a look. */
const GRAIN_MS = 10;

export type DeliveryAction =
  | { readonly type: 'resend'; readonly id: string; readonly attempt: number }
  | { readonly type: 'expired'; readonly id: string };

interface Delivery {
  readonly sentMs: number;
  readonly untilMs: number;
  waitMs: number;
  dueMs: number;
  attempts: number;
}

/** When messages that want an acknowledgement are sent again, and when that is given up. */
export class DeliveryMachine implements Machine<DeliveryAction> {
  readonly #deliveries = new Map<string, Delivery>();
  /** No delivery is due before this. */
  #nextMs = Infinity;

  get size(): number {
    return this.#deliveries.size;
  }

  get deadlineMs(): number | undefined {
    return this.#deliveries.size === 0 ? undefined : this.#nextMs;
  }

  /** A message was sent for the first time. `rttMs` is what its way took lately; its life may be shorter than our patience. */
  begin(id: string, rttMs: number | undefined, lifeMs: number, nowMs: number): DeliveryAction[] {
    const waitMs = rttMs === undefined ? RESEND_MS_DEFAULT : Math.max(RESEND_MS_MIN, 2 * rttMs);
    const untilMs = nowMs + Math.min(DELIVERY_MS, lifeMs);
    const delivery = { sentMs: nowMs, untilMs, waitMs, dueMs: 0, attempts: 1 };
    this.#deliveries.set(id, delivery);
    this.#arm(delivery, nowMs);
    return [];
  }

  /** The destination has it, or nobody waits any more. The round trip is told where it is certain which copy was answered. */
  end(id: string, nowMs: number): { readonly rttMs: number | undefined } | undefined {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined) return undefined;
    this.#deliveries.delete(id);
    return { rttMs: delivery.attempts === 1 ? nowMs - delivery.sentMs : undefined };
  }

  tick(nowMs: number): DeliveryAction[] {
    const actions: DeliveryAction[] = [];
    this.#nextMs = Infinity;
    for (const [id, delivery] of this.#deliveries) {
      if (delivery.dueMs > nowMs) this.#nextMs = Math.min(this.#nextMs, delivery.dueMs);
      else if (delivery.untilMs <= nowMs) {
        this.#deliveries.delete(id);
        actions.push({ type: 'expired', id });
      } else {
        delivery.attempts += 1;
        delivery.waitMs = Math.min(RESEND_MS_MAX, 2 * delivery.waitMs);
        this.#arm(delivery, nowMs);
        actions.push({ type: 'resend', id, attempt: delivery.attempts });
      }
    }
    return actions;
  }

  #arm(delivery: Delivery, nowMs: number): void {
    const dueMs = Math.min(delivery.untilMs, nowMs + delivery.waitMs);
    delivery.dueMs = Math.ceil(dueMs / GRAIN_MS) * GRAIN_MS;
    this.#nextMs = Math.min(this.#nextMs, delivery.dueMs);
  }
}
