import type { MeshErrorCode } from '../errors.js';
import { abortCode, dialError } from './dial-errors.js';
import type { Endpoint } from './endpoint.js';
import type { Peer } from './peer.js';
import type { DialPurpose } from './room.js';
import type { Session } from './session.js';

/** Somebody waits for a session that we have dialled. */
export interface Dial {
  readonly resolve: (peer: Peer<Session>) => void;
  readonly reject: (code: MeshErrorCode) => void;
  readonly purpose: DialPurpose;
  readonly endpoint: Endpoint;
}

/** What is dialled, what for, and until when it is wanted. */
export interface DialWish {
  readonly endpoint: Endpoint;
  readonly purpose: DialPurpose;
  readonly signal: AbortSignal;
}

/** Our dials that are under way, by their session. */
export class Dials {
  readonly #dials = new Map<Session, Dial>();

  get sessions(): readonly Session[] {
    return [...this.#dials.keys()];
  }

  /** Settles as the dial that is taken for this session says. An abort closes the session. */
  wait(session: Session, { endpoint, purpose, signal }: DialWish): Promise<Peer<Session>> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => session.close(abortCode(signal.reason));
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      this.#dials.set(session, {
        endpoint,
        purpose,
        resolve: (peer) => {
          settle();
          resolve(peer);
        },
        reject: (code) => {
          settle();
          reject(dialError(code, endpoint));
        },
      });
      signal.addEventListener('abort', onAbort);
    });
  }

  /** The dial of a session, once: it is to be settled. Undefined where nobody waits for it. */
  take(session: Session): Dial | undefined {
    const dial = this.#dials.get(session);
    this.#dials.delete(session);
    return dial;
  }
}
