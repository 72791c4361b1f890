import { bytesKey, type NodeId } from '@yakmesh/crypto';
import type { Answer } from './answer.js';
import type { SessionDriver } from './session-driver.js';

/** Channels at once. */
const SESSIONS_MAX = 4_096;

/** The sessions of a mesh, by their id and by the peer that has proven itself. */
export class LiveSessions {
  readonly #byId = new Map<string, SessionDriver>();
  readonly #byPeer = new Map<NodeId, SessionDriver>();
  /** The handshakes that made them, by which a CONFIRM that comes again is known. */
  readonly #answers = new Map<string, Answer>();

  get isFull(): boolean {
    return this.#byId.size >= SESSIONS_MAX;
  }

  /** By the id in a record's header, as `bytesKey` gives it. */
  find(id: string): SessionDriver | undefined {
    return this.#byId.get(id);
  }

  /** The one with a peer, which may be closed. */
  with(peerId: NodeId): SessionDriver | undefined {
    return this.#byPeer.get(peerId);
  }

  add(session: SessionDriver): void {
    this.#byId.set(idOf(session), session);
  }

  /** From now on it is the one with this peer. */
  enter(peerId: NodeId, session: SessionDriver): void {
    if (!session.isClosed) this.#byPeer.set(peerId, session);
  }

  answeredBy(id: string, answer: Answer): void {
    this.#answers.set(id, answer);
  }

  /** Whether this CONFIRM made the session. */
  isConfirmed(id: string, confirm: Uint8Array): boolean {
    return this.#answers.get(id)?.isConfirmed(confirm) === true;
  }

  /** Forgets one that is over, and answers its id. */
  remove(session: SessionDriver): string {
    const id = idOf(session);
    this.#byId.delete(id);
    this.#answers.delete(id);
    for (const [peer, known] of this.#byPeer) if (known === session) this.#byPeer.delete(peer);
    return id;
  }

  abandon(): void {
    for (const session of [...this.#byId.values()]) session.abandon();
  }
}

const idOf = ({ outcome }: SessionDriver): string => bytesKey(outcome.ownSession);
