import { PROBES_MAX, PROBE_INTERVAL_MS, SUSPECT_MS_MIN } from './link-limits.js';

/** What the liveness rule wants done. */
export type LivenessVerdict = 'alive' | 'probe' | 'suspect' | 'dead';

type State =
  { readonly name: 'alive' } | { readonly name: 'suspect'; readonly probes: number; readonly nextMs: number };

/** Smoothed round trip and its variation, RFC 6298 §2. */
export class RoundTrip {
  #smoothedMs: number | undefined;
  #variationMs = 0;

  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  sample(rttMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = rttMs;
      this.#variationMs = rttMs / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - rttMs);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * rttMs;
  }

  /** How long an answer may take: max(1 s, 4 × srtt + 4 × rttvar). */
  get patienceMs(): number {
    return Math.max(SUSPECT_MS_MIN, 4 * (this.#smoothedMs ?? 0) + 4 * this.#variationMs);
  }
}

/**
 * Suspects a peer that owes an answer for too long, probes it, and gives it up after three probes 500 ms apart. It owes an answer while data
 * is unacknowledged or a ping is out. Times are running time: what our own loop stood still does not count.
 */
export class Liveness {
  readonly roundTrip = new RoundTrip();
  readonly #pingIntervalMs: number;
  #state: State = { name: 'alive' };
  #owedSinceMs: number | undefined;
  #heardMs: number;

  constructor(pingIntervalMs: number, nowMs: number) {
    this.#pingIntervalMs = pingIntervalMs;
    this.#heardMs = nowMs;
  }

  get isSuspect(): boolean {
    return this.#state.name === 'suspect';
  }

  /** Something authentic arrived. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#state = { name: 'alive' };
  }

  /** The peer acknowledged something: what it still owes, it owes from now on. */
  progressed(isStillOwing: boolean, nowMs: number): void {
    this.#owedSinceMs = isStillOwing ? nowMs : undefined;
  }

  /** We sent what must be answered. */
  sent(nowMs: number): void {
    this.#owedSinceMs ??= nowMs;
  }

  /** Before then `tick` finds the peer as it is, unless something is sent or heard. */
  get restsUntilMs(): number {
    if (this.#state.name === 'suspect') return this.#state.nextMs;
    const owedSinceMs = this.#owedSinceMs;
    if (owedSinceMs === undefined) return this.#heardMs + this.#pingIntervalMs;
    return Math.max(owedSinceMs, this.#heardMs) + this.roundTrip.patienceMs;
  }

  tick(nowMs: number): LivenessVerdict {
    if (nowMs < this.restsUntilMs) return 'alive';
    if (this.#state.name === 'suspect') return this.#tickSuspect(this.#state, nowMs);
    if (this.#owedSinceMs === undefined) return 'probe';
    this.#state = { name: 'suspect', probes: 1, nextMs: nowMs + PROBE_INTERVAL_MS };
    return 'suspect';
  }

  #tickSuspect(state: Extract<State, { name: 'suspect' }>, nowMs: number): LivenessVerdict {
    if (state.probes >= PROBES_MAX) return 'dead';
    this.#state = { name: 'suspect', probes: state.probes + 1, nextMs: nowMs + PROBE_INTERVAL_MS };
    return 'probe';
  }
}
