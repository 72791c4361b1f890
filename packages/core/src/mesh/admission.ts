import type { Clock, Guard } from '../transport/index.js';
import { addressScope } from './address.js';
import type { Counters } from './counters.js';
import type { Session } from './session.js';

/** Handshakes under way with strangers, in all and of one address; a further one is told REFUSE(BUSY). */
export const HALF_OPEN_MAX = 256;
export const HALF_OPEN_PER_ADDRESS_MAX = 8;
/** Accepted sockets that have proven nothing yet; a further one is cut at once. Twice the former, so that most are told why. */
export const UNPROVEN_MAX = 2 * HALF_OPEN_MAX;

export interface AdmissionOptions {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Every session that is open now. */
  readonly sessions: ReadonlySet<Session>;
}

/** Whether a stranger may go on: asked when its socket is accepted and when its handshake begins. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Accepted sockets whose peer has not proven itself. */
  get halfOpenCount(): number {
    return this.#halfOpen().length;
  }

  /** Why a socket is cut before a byte of it is read. */
  refusal(address: string): string | undefined {
    if (this.halfOpenCount >= UNPROVEN_MAX) return 'MESH_BUSY';
    const verdict = this.#options.guard.connection(address, this.#options.clock.monotonicMs());
    return verdict.allowed ? undefined : verdict.code;
  }

  /** Whether a handshake that has sent its HELLO is worth a key operation. */
  admits(address: string): boolean {
    const { guard, clock, counters } = this.#options;
    const verdict = guard.handshake(address, clock.monotonicMs());
    if (!verdict.allowed) counters.add(verdict.code);
    const scope = addressScope(address);
    const halfOpen = this.#halfOpen();
    const ofAddress = halfOpen.filter((session) => addressScope(session.address) === scope);
    const hasRoom = halfOpen.length <= HALF_OPEN_MAX && ofAddress.length <= HALF_OPEN_PER_ADDRESS_MAX;
    return verdict.allowed && hasRoom;
  }

  #halfOpen(): Session[] {
    return [...this.#options.sessions].filter(
      ({ role, outcome }) => role === 'responder' && outcome === undefined,
    );
  }
}
