/** Handshakes begun in one second, from all addresses together, and the bits of the puzzle that the next one then solves. */
const STEPS: readonly (readonly [handshakes: number, bits: number])[] = [
  [64, 20], // What a native provider can bear; 1.6 s of JavaScript for each.
  [32, 18], // 0.4 s.
  [16, 16], // A third of one core for noble's key operations; 0.1 s.
];

/** A load is over when so much time has passed without it. */
const WINDOW_MS = 1_000;

/** How many handshakes begin in a second, and how hard the puzzle is therefore. Two counters: no window is exact, no load is missed. */
export class HandshakeLoad {
  #startMs = -Infinity;
  #count = 0;
  #before = 0;

  /** A handshake begins. */
  add(nowMs: number): void {
    this.#turn(nowMs);
    this.#count += 1;
  }

  /** Bits for a handshake that begins now; 0 for no puzzle. */
  bits(nowMs: number): number {
    this.#turn(nowMs);
    const busiest = Math.max(this.#count, this.#before);
    return STEPS.find(([handshakes]) => busiest >= handshakes)?.[1] ?? 0;
  }

  #turn(nowMs: number): void {
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#before = elapsedMs < 2 * WINDOW_MS ? this.#count : 0;
    this.#count = 0;
    this.#startMs = nowMs;
  }
}
