import { encodeFrame, FrameKind } from './frames.js';
import { CloseCode, DRAIN_MS } from './limits.js';
import type { Paths } from './paths.js';
import type { Recovery } from './recovery.js';
import type { SessionAction } from './session-actions.js';
import type { SessionKeys } from './session-keys.js';

type State =
  | { readonly name: 'open' | 'ended' }
  | { readonly name: 'draining'; readonly code: number; readonly reason: string; readonly endMs: number }
  | {
      readonly name: 'closing';
      readonly bytes: Uint8Array;
      readonly path: number | undefined;
      readonly againMs: number;
    };

export interface EndingParts {
  readonly keys: SessionKeys;
  readonly paths: Paths;
  readonly recovery: Recovery;
}

/** How a session ends: it drains where it may, says CLOSE twice, and forgets its keys. */
export class Ending {
  readonly #parts: EndingParts;
  #state: State = { name: 'open' };

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  /** Nothing is heard any more. */
  get isOver(): boolean {
    return this.#state.name === 'closing' || this.#state.name === 'ended';
  }

  get isEnded(): boolean {
    return this.#state.name === 'ended';
  }

  get isDraining(): boolean {
    return this.#state.name === 'draining';
  }

  /** When `tick` has something to do. */
  get deadlineMs(): number | undefined {
    if (this.#state.name === 'closing') return this.#state.againMs;
    return this.#state.name === 'draining' ? this.#state.endMs : undefined;
  }

  /** Waits until everything written has arrived, at most ten seconds. */
  drain(code: number, reason: string, nowMs: number): void {
    if (this.isOpen) this.#state = { name: 'draining', code, reason, endMs: nowMs + DRAIN_MS };
  }

  /** Everything has arrived. */
  drained(nowMs: number): SessionAction[] {
    const state = this.#state;
    return state.name === 'draining' ? this.close(state.code, state.reason, nowMs) : [];
  }

  tick(nowMs: number): SessionAction[] {
    const state = this.#state;
    if (state.name === 'closing') return this.#again(state.path, state.bytes);
    const isLate = state.name === 'draining' && nowMs >= state.endMs;
    return isLate ? this.close(CloseCode.ABORTED, 'drain', nowMs) : [];
  }

  /** Ends the session and tells the other end. */
  close(code: number, reason: string, nowMs: number): SessionAction[] {
    if (this.isOver) return [];
    const { keys, paths, recovery } = this.#parts;
    const path = paths.active;
    const { bytes } = keys.sealer.seal(encodeFrame({ kind: FrameKind.CLOSE, code, reason }), nowMs);
    this.#state = { name: 'closing', bytes, path, againMs: nowMs + recovery.probeMs };
    const closed: SessionAction = { type: 'closed', code, reason, isRemote: false, lastWords: bytes };
    return path === undefined
      ? [closed, ...this.#again(undefined, bytes)]
      : [{ type: 'send', path, bytes }, closed];
  }

  /** The other end has not answered for a minute: nothing is said any more. */
  gone(): SessionAction[] {
    return this.#end(CloseCode.GONE, '', false);
  }

  /** The other end has closed. */
  closedByPeer(code: number, reason: string): SessionAction[] {
    return this.#end(code, reason, true);
  }

  /** Forgets every secret. */
  destroy(): void {
    this.#parts.keys.destroy();
    this.#state = { name: 'ended' };
  }

  /** CLOSE is said twice, a probe's time apart; then the keys go. */
  #again(path: number | undefined, bytes: Uint8Array): SessionAction[] {
    this.destroy();
    return path === undefined ? [{ type: 'ended' }] : [{ type: 'send', path, bytes }, { type: 'ended' }];
  }

  #end(code: number, reason: string, isRemote: boolean): SessionAction[] {
    this.destroy();
    return [{ type: 'closed', code, reason, isRemote, lastWords: undefined }, { type: 'ended' }];
  }
}
