import { FIRST_MS, retryDelayMs } from '../membership/backoff.js';
import type { Random } from '../transport/index.js';

/** After a refusal (full, denied, another network) the peer is asked again between this and twice this. */
const REFUSED_MS = 30_000;
/** A peer that needed our place for another one is asked again between this and twice this: we have other neighbours. */
const REST_MS = 600_000;
/** Endpoints dialled again for ever; a further one is not kept, and the caller of connect is told. */
export const REDIALS_MAX = 256;

interface Target {
  state: 'connected' | 'waiting' | 'dialling';
  lostMs: number;
  failures: number;
  dueMs: number;
}

/** Decides when to dial lost peers again: for ever, with full jitter, at most 2 s apart in the first two minutes and 5 s later. */
export class RedialMachine {
  readonly #random: Random;
  readonly #targets = new Map<string, Target>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#targets.size;
  }

  get deadlineMs(): number | undefined {
    let deadlineMs: number | undefined;
    for (const { state, dueMs } of this.#targets.values()) {
      if (state === 'waiting' && (deadlineMs === undefined || dueMs < deadlineMs)) deadlineMs = dueMs;
    }
    return deadlineMs;
  }

  /** A dial succeeded: from now on its endpoint is dialled again when it is lost. False when there is no room for it. */
  connected(endpoint: string): boolean {
    const known = this.#targets.get(endpoint);
    if (known === undefined && this.#targets.size >= REDIALS_MAX) return false;
    this.#targets.set(endpoint, { state: 'connected', lostMs: 0, failures: 0, dueMs: 0 });
    return true;
  }

  lost(endpoint: string, nowMs: number): void {
    const target = this.#targets.get(endpoint);
    if (target === undefined || target.state !== 'connected') return;
    target.state = 'waiting';
    target.lostMs = nowMs;
    target.failures = 0;
    target.dueMs = nowMs + this.#jitter(FIRST_MS);
  }

  failed(endpoint: string, isRefusal: boolean, nowMs: number): void {
    const target = this.#targets.get(endpoint);
    if (target === undefined) return;
    target.state = 'waiting';
    target.failures += 1;
    const { failures, lostMs } = target;
    const retryMs = retryDelayMs(this.#random, failures, nowMs - lostMs);
    target.dueMs = nowMs + (isRefusal ? REFUSED_MS + this.#jitter(REFUSED_MS) : retryMs);
  }

  /** It has no room for us, and others have. */
  rest(endpoint: string, nowMs: number): void {
    const target = this.#targets.get(endpoint);
    if (target?.state !== 'waiting') return;
    target.dueMs = nowMs + REST_MS + this.#jitter(REST_MS);
  }

  /** All that wait are dialled soon. */
  wake(nowMs: number): void {
    for (const target of this.#targets.values())
      if (target.state === 'waiting') target.dueMs = Math.min(target.dueMs, nowMs + this.#jitter(FIRST_MS));
  }

  forget(endpoint: string): void {
    this.#targets.delete(endpoint);
  }

  /** Endpoints to dial now; each is out until `connected` or `failed` says how it went. */
  tick(nowMs: number): string[] {
    const due: string[] = [];
    for (const [endpoint, target] of this.#targets) {
      if (target.state !== 'waiting' || target.dueMs > nowMs) continue;
      target.state = 'dialling';
      due.push(endpoint);
    }
    return due;
  }

  #jitter(mostMs: number): number {
    return this.#random.unit() * mostMs;
  }
}
