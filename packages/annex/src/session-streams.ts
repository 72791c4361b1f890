import type { AnnexError } from './errors.js';
import type { SessionViews } from './session-views.js';
import type { SessionMachine } from './session/session-machine.js';
import { StreamEnd, type AnnexStream, type StreamSession } from './stream-pair.js';

/** A session, as its streams and messages need it. */
export interface RunningSession {
  readonly machine: SessionMachine;
  /** Something may be there to be sent. */
  pump(): void;
  /** The application has read so many bytes of a stream. */
  consumed(id: number, count: number): void;
  /** Why it is over; undefined while it is not. */
  over(): AnnexError | undefined;
}

/** The open streams of a session as Web Streams, and those that the application has not seen yet. */
export class SessionStreams {
  readonly #session: StreamSession;
  readonly #views: SessionViews;
  /** As many as the session's machine has open. */
  readonly #ends = new Map<number, StreamEnd>();
  readonly #unseen: AnnexStream[] = [];

  constructor({ machine, pump, consumed }: RunningSession, views: SessionViews) {
    this.#views = views;
    this.#session = {
      write: (id, bytes, isEnd) => {
        const isTaken = machine.write(id, bytes, isEnd);
        pump();
        return isTaken;
      },
      bufferedOf: (id) => machine.bufferedOf(id),
      consumed,
      reset: (id, code) => {
        machine.reset(id, code);
        pump();
      },
      stop: (id, code) => {
        machine.stop(id, code);
        pump();
      },
    };
  }

  add(id: number): AnnexStream {
    const end = new StreamEnd(this.#session, id);
    this.#ends.set(id, end);
    return end.pair;
  }

  /** The other end has opened one. */
  opened(id: number): void {
    const stream = this.add(id);
    if (!this.#views.stream(stream)) this.#unseen.push(stream);
  }

  /** The next one that nobody has looked at. */
  take(): AnnexStream | undefined {
    return this.#unseen.shift();
  }

  data(id: number, bytes: Uint8Array): void {
    this.#ends.get(id)?.data(bytes);
  }

  /** Something happened to a stream; one that is over both ways is forgotten. */
  tell(id: number, what: (end: StreamEnd) => void): void {
    const end = this.#ends.get(id);
    if (end === undefined) return;
    what(end);
    if (end.isDone) this.#ends.delete(id);
  }

  /** The session is over: what has no end was cut off. */
  closed(): void {
    for (const end of this.#ends.values()) end.sessionClosed('ANNEX_TRUNCATED');
  }
}
