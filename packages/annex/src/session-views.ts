import type { Payload } from '@yakmesh/core/transport';
import type { AnnexError } from './errors.js';
import type { AnnexStream } from './stream-pair.js';

/** Whoever shows a session to an application. */
export interface SessionView {
  /** False where nobody listens: the message waits. */
  message(value: Payload): boolean;
  /** A message waits. */
  waiting(): void;
  stream(stream: AnnexStream): boolean;
  datagram(bytes: Uint8Array): void;
  ratcheted(epoch: number): void;
  closed(error: AnnexError | undefined): void;
}

/** All that show one session: each channel of an application to the same peer. Messages go to all, a stream to the first that takes it. */
export class SessionViews implements SessionView {
  readonly #views = new Set<SessionView>();

  add(view: SessionView): void {
    this.#views.add(view);
  }

  message(value: Payload): boolean {
    let isTaken = false;
    for (const view of this.#views) isTaken = view.message(value) || isTaken;
    return isTaken;
  }

  waiting(): void {
    for (const view of this.#views) view.waiting();
  }

  stream(stream: AnnexStream): boolean {
    for (const view of this.#views) if (view.stream(stream)) return true;
    return false;
  }

  datagram(bytes: Uint8Array): void {
    for (const view of this.#views) view.datagram(bytes);
  }

  ratcheted(epoch: number): void {
    for (const view of this.#views) view.ratcheted(epoch);
  }

  closed(error: AnnexError | undefined): void {
    for (const view of this.#views) view.closed(error);
  }
}
