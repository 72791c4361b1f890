import type { Random } from '../transport/index.js';

/** First delay's upper end; it doubles with each failure. */
const FIRST_MS = 100;
/** Longest delay while an outage is young. */
const YOUNG_CAP_MS = 2_000;
/** How long it is young. */
const YOUNG_MS = 120_000;
const OLD_CAP_MS = 5_000;
/** After a refusal (full, denied, another network) the peer is asked again between this and twice this. */
const REFUSED_MS = 30_000;
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
    const capMs = nowMs - target.lostMs < YOUNG_MS ? YOUNG_CAP_MS : OLD_CAP_MS;
    const backoffMs = Math.min(capMs, FIRST_MS * 2 ** Math.min(target.failures, 16));
    target.dueMs = nowMs + (isRefusal ? REFUSED_MS + this.#jitter(REFUSED_MS) : this.#jitter(backoffMs));
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
