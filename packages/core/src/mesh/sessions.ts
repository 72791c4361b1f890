import type { NodeId } from '@yakmesh/crypto';
import type { CryptoJobs } from '../crypto-job.js';
import type { HandshakeRole } from '../handshake/actions.js';
import type { HandshakeMachine } from '../handshake/handshake-machine.js';
import type { Clock, Random } from '../transport/index.js';
import { RunningClock } from './running-clock.js';
import { Session } from './session.js';
import type { SessionListener } from './session-listener.js';

/** How long `stop` waits for orderly closes; then the sockets are dropped. */
const STOP_MS = 2_000;

export interface SessionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly jobs: (neighbour: string) => CryptoJobs;
  readonly listener: SessionListener;
}

/** All sessions of a node, with peers and strangers alike: their common clock, and the wait for the end of their sockets. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Set<Session>();
  /** Sessions whose socket is not gone. */
  readonly #sockets = new Set<Session>();
  readonly #running: RunningClock;
  #allGone: (() => void) | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#running = new RunningClock(options.clock, () => {
      const nowMs = this.#running.nowMs();
      for (const session of this.#sessions) session.tick(nowMs);
      return this.#sessions.size > 0;
    });
  }

  /** Monotonic time without what our own loop stood still. */
  runningMs(): number {
    return this.#running.nowMs();
  }

  open(role: HandshakeRole, machine: HandshakeMachine, address: string): Session {
    const { clock, random, jobs, listener } = this.#options;
    const session = new Session({
      role,
      machine,
      jobs: jobs(String(random.u32())),
      clock,
      runningMs: () => this.#running.nowMs(),
      listener,
      address,
      openedMs: clock.monotonicMs(),
    });
    this.#sessions.add(session);
    this.#sockets.add(session);
    this.#running.start();
    return session;
  }

  /** Tells every peer anew of our endpoint and protocols. */
  sendInfo(): void {
    for (const session of this.#sessions) {
      if (!session.isUsable) continue;
      session.machine?.sendInfo();
      session.schedule();
    }
  }

  /** Peers that have been accepted beside this newcomer and have not said anything yet. */
  silentBeside(newcomer: Session, nodeId: NodeId): number {
    let count = 0;
    for (const session of this.#sessions) {
      const isAccepted = session.machine?.isEstablished === false && session.role === 'responder';
      if (session !== newcomer && isAccepted && session.nodeId !== nodeId) count += 1;
    }
    return count;
  }

  /** Another session with the same peer that can take the place of one that has ended. */
  otherThan(ended: Session): Session | undefined {
    for (const session of this.#sessions)
      if (session.nodeId === ended.nodeId && session.isUsable) return session;
    // The peer may have ended this link for another one before its first word on that has arrived here.
    for (const session of this.#sessions)
      if (session.nodeId === ended.nodeId && session.canQueue) return session;
    return undefined;
  }

  closed(session: Session): void {
    this.#sessions.delete(session);
  }

  gone(session: Session): void {
    this.#sockets.delete(session);
    if (this.#sockets.size === 0) this.#allGone?.();
  }

  /** Ends every session; resolves when the last socket is gone. */
  async stop(): Promise<void> {
    for (const session of [...this.#sessions]) session.close('LINK_CLOSED');
    this.#running.stop();
    if (this.#sockets.size === 0) return;
    const { clock } = this.#options;
    const timer = clock.setTimer(STOP_MS, () => {
      for (const session of this.#sockets) session.terminate();
      this.#allGone?.();
    });
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    clock.clearTimer(timer);
  }
}
