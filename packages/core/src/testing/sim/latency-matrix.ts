/** Round trips that somebody measured between hosts. */
export interface LatencyMatrix {
  /** Hosts. */
  readonly size: number;
  /** Of the upper triangle without the diagonal, row by row; 0 where nothing was measured. */
  readonly roundTrips: Uint16Array;
  /** What 1 means. */
  readonly unitMs: number;
}

/** Between two nodes that stand at the same host: a local network. */
const SAME_HOST_MS = 1;

/** The measured round trip; the median of all where it is missing. Hosts beyond the last begin again at the first. */
export function roundTripMs(matrix: LatencyMatrix, medianMs: number, a: number, b: number): number {
  const { size, roundTrips, unitMs } = matrix;
  const [low, high] = [Math.min(a % size, b % size), Math.max(a % size, b % size)];
  if (low === high) return SAME_HOST_MS;
  const index = low * size - (low * (low + 1)) / 2 + (high - low - 1);
  const measured = (roundTrips[index] ?? 0) * unitMs;
  return measured > 0 ? measured : medianMs;
}

/** @throws RangeError for a triangle of another size than its hosts need. */
export function medianRoundTripMs({ size, roundTrips, unitMs }: LatencyMatrix): number {
  const pairs = (size * (size - 1)) / 2;
  if (roundTrips.length !== pairs)
    throw new RangeError(`${size} hosts have ${pairs} round trips, not ${roundTrips.length}`);
  const measured = roundTrips.filter((value) => value > 0).sort();
  return (measured[measured.length >>> 1] ?? 0) * unitMs;
}
