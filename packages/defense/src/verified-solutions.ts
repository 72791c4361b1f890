import { BoundedMap } from '@yakmesh/core/transport';

/**
 * Verified solutions that wait to be credited: a minute of 1,000 a second. At the limit the oldest leaves and can no longer be
 * credited, which errs on the safe side. About 29 MB when full.
 */
export const VERIFIED_SOLUTIONS_MAX = 65_536;
/** How long a verified solution may wait to be credited: far longer than any registration takes. Later it counts as unverified. */
export const VERIFIED_SOLUTION_AGE_MAX_MS = 600_000;

/** Longer names than this are not kept: nobody's name is so long, and the bound in bytes needs one. */
const PEER_ID_LENGTH_MAX = 256;
const SOLUTION_BYTES = 40;

/** One for the process, because whoever verifies and whoever credits know nothing of each other. */
const verified = new BoundedMap<string, number>(VERIFIED_SOLUTIONS_MAX);

/** The solution's length is fixed, so where the name ends is never in doubt. */
function keyOf(peerId: string, solution: Uint8Array): string | undefined {
  if (typeof peerId !== 'string' || peerId.length > PEER_ID_LENGTH_MAX) return undefined;
  if (!(solution instanceof Uint8Array) || solution.length !== SOLUTION_BYTES) return undefined;
  return peerId + String.fromCharCode(...solution);
}

/** Notes that this process has verified the peer's solution; `nowMs` is the time since 1970. */
export function rememberVerified(peerId: string, solution: Uint8Array, nowMs: number): void {
  const key = keyOf(peerId, solution);
  if (key !== undefined) verified.set(key, nowMs);
}

/**
 * True once for a solution that {@link rememberVerified} was told of at most ten minutes ago; false for anything else, also
 * for what is no solution at all. `nowMs` is the time since 1970.
 */
export function takeVerified(peerId: string, solution: Uint8Array, nowMs: number): boolean {
  const key = keyOf(peerId, solution);
  const atMs = key === undefined ? undefined : verified.get(key);
  if (key === undefined || atMs === undefined) return false;
  verified.delete(key);
  return nowMs - atMs <= VERIFIED_SOLUTION_AGE_MAX_MS;
}
