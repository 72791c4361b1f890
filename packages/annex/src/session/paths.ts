import { equalBytes } from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import { FrameKind, type Frame } from './frames.js';
import { PATH_AMPLIFICATION, PATHS_MAX } from './limits.js';

const CHALLENGE_BYTES = 8;

interface Path {
  readonly challenge: Uint8Array;
  /** We opened it, or the other end has answered on it: it takes what it can. */
  isProven: boolean;
  isAnswered: boolean;
  receivedBytes: number;
  sentBytes: number;
  /** Frames that go this way and no other. */
  readonly frames: Frame[];
}

/** A record that came this way, opened. */
export interface Arrival {
  readonly path: number;
  readonly bytes: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly frames: readonly Frame[];
}

/**
 * The ways of one session: flows by a number that the driver gives them. One is active; a new one must prove itself. The initiator
 * chooses it, and the responder follows what is more than a question or an answer about a way: if both followed, or questions and
 * answers moved them, each move would cause the next one, and records would breed.
 */
export class Paths {
  readonly #random: Random;
  readonly #isFollower: boolean;
  readonly #paths = new Map<number, Path>();
  #active: number | undefined;
  /** Of the records that can move us. */
  #newest = { epoch: 0, sequence: -1 };

  /** The first path came with the handshake, which has proven it. */
  constructor(first: number, random: Random, isFollower: boolean) {
    this.#random = random;
    this.#isFollower = isFollower;
    this.#paths.set(first, this.#path(true));
    this.#active = first;
  }

  get active(): number | undefined {
    return this.#active;
  }

  /** Bytes that may go over the active path now. */
  get allowance(): number {
    const path = this.#active === undefined ? undefined : this.#paths.get(this.#active);
    if (path === undefined) return 0;
    if (path.isProven) return Infinity;
    return Math.max(0, PATH_AMPLIFICATION * path.receivedBytes - path.sentBytes);
  }

  /** A path of our own making becomes the active one at once; it asks the other end to answer on it, and to follow. */
  open(id: number): void {
    this.#add(id, true).frames.push({ kind: FrameKind.PING });
    this.#active = id;
  }

  /** A record came. True when it made its path the active one. */
  received({ path: id, bytes, epoch, sequence, frames }: Arrival): boolean {
    const path = this.#paths.get(id) ?? this.#add(id, false);
    path.receivedBytes += bytes;
    const isNewest =
      epoch > this.#newest.epoch || (epoch === this.#newest.epoch && sequence > this.#newest.sequence);
    const isMoving = this.#active === undefined || !frames.every(isAboutPath);
    if (!isNewest || !isMoving) return false;
    this.#newest = { epoch, sequence };
    const hasWay = !this.#isFollower && this.#active !== undefined;
    if (hasWay || id === this.#active) return false;
    this.#active = id;
    return true;
  }

  challenged(id: number, data: Uint8Array): void {
    const path = this.#paths.get(id);
    // One answer at a time: whoever asks faster than we answer gets the last one.
    const answer = { kind: FrameKind.PATH_RESPONSE, data: data.slice() };
    const at = path?.frames.findIndex(({ kind }) => kind === FrameKind.PATH_RESPONSE) ?? -1;
    if (at >= 0) path?.frames.splice(at, 1, answer);
    else path?.frames.push(answer);
  }

  answered(id: number, data: Uint8Array): void {
    const path = this.#paths.get(id);
    if (path === undefined || !equalBytes(path.challenge, data)) return;
    path.isProven = true;
    path.isAnswered = true;
  }

  /** Nothing comes back: asks on the active path, unless it was answered there. */
  ask(): void {
    if (this.#active !== undefined) this.#ask(this.#active);
  }

  /** A frame of a path did not arrive. */
  lost(id: number, frame: Frame): void {
    if (frame.kind === FrameKind.PATH_CHALLENGE) this.#ask(id);
    if (frame.kind === FrameKind.PATH_RESPONSE) this.challenged(id, frame.data);
  }

  /** Frames that wait for a record of their own path. */
  take(): { readonly path: number; readonly frames: readonly Frame[] } | undefined {
    for (const [path, { frames }] of this.#paths)
      if (frames.length > 0) return { path, frames: frames.splice(0) };
    return undefined;
  }

  sent(id: number, bytes: number): void {
    const path = this.#paths.get(id);
    if (path !== undefined) path.sentBytes += bytes;
  }

  /** The flow is gone. */
  close(id: number): void {
    this.#paths.delete(id);
    if (this.#active !== id) return;
    const proven = [...this.#paths].findLast(([, { isProven }]) => isProven);
    this.#active = (proven ?? [...this.#paths].at(-1))?.[0];
  }

  #ask(id: number): void {
    const path = this.#paths.get(id);
    if (path === undefined || path.isAnswered) return;
    const isQueued = path.frames.some(({ kind }) => kind === FrameKind.PATH_CHALLENGE);
    if (!isQueued) path.frames.push({ kind: FrameKind.PATH_CHALLENGE, data: path.challenge });
  }

  #add(id: number, isOurs: boolean): Path {
    const path = this.#path(isOurs);
    path.frames.push({ kind: FrameKind.PATH_CHALLENGE, data: path.challenge });
    this.#paths.set(id, path);
    const oldest = [...this.#paths.keys()].find((known) => known !== this.#active && known !== id);
    if (this.#paths.size > PATHS_MAX && oldest !== undefined) this.#paths.delete(oldest);
    return path;
  }

  #path(isProven: boolean): Path {
    const challenge = this.#random.bytes(CHALLENGE_BYTES);
    return { challenge, isProven, isAnswered: false, receivedBytes: 0, sentBytes: 0, frames: [] };
  }
}

const isAboutPath = ({ kind }: Frame): boolean =>
  kind === FrameKind.PATH_CHALLENGE || kind === FrameKind.PATH_RESPONSE;
