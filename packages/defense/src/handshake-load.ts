/** Of the handshakes that are borne without a puzzle, and the bits of the puzzle that the next one then solves. */
const STEPS: readonly (readonly [times: number, bits: number])[] = [
  [4, 20], // 1.6 s of JavaScript for each newcomer.
  [2, 18], // 0.4 s.
  [1, 16], // 0.1 s.
];

/** Handshakes in a second that are borne where nobody says how many: what a native provider does beside its other work. */
export const HANDSHAKES_PER_SECOND_DEFAULT = 16;

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

  /** Bits for a handshake that begins now; 0 for no puzzle, below `bearable` handshakes a second. */
  bits(nowMs: number, bearable: number): number {
    this.#turn(nowMs);
    const busiest = Math.max(this.#count, this.#before);
    return STEPS.find(([times]) => busiest >= times * bearable)?.[1] ?? 0;
  }

  #turn(nowMs: number): void {
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#before = elapsedMs < 2 * WINDOW_MS ? this.#count : 0;
    this.#count = 0;
    this.#startMs = nowMs;
  }
}
