/** Bytes of a TCP segment on Ethernet. */
const SEGMENT_BYTES = 1_448;
/** Least time before a segment counts as lost that nothing behind it tells of, as Linux has it; a round trip comes on top. */
export const TIMEOUT_MS_MIN = 200;
/** Segments behind a lost one whose acknowledgements prove the loss at once (RFC 6675, §2, DupThresh). */
const PROOF_SEGMENTS = 3;
/** Round trips of patience where fewer are behind it (RFC 8985, §6.2, the reordering window). */
const REORDERING_ROUND_TRIPS = 1 / 4;

/** How many segments so many bytes take. */
export function segmentsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SEGMENT_BYTES));
}

/**
 * How much later a flight is complete of which one segment is lost once, with `behind` segments behind that one. Those tell of the loss
 * when they are acknowledged (RACK, RFC 8985). Of the last one only a timeout tells (RFC 6298, with Linux's 200 ms); where it was not
 * alone, that begins anew with the acknowledgement of the others.
 */
export function recoveryMs(segments: number, behind: number, roundTripMs: number): number {
  if (behind >= PROOF_SEGMENTS) return roundTripMs;
  if (behind > 0) return toldMs(roundTripMs);
  return TIMEOUT_MS_MIN + roundTripMs * (segments > 1 ? 2 : 1);
}

/** How long after a segment was sent one that was lost before it is sent again: the acknowledgement tells of the hole. */
export function toldMs(roundTripMs: number): number {
  return roundTripMs * (1 + REORDERING_ROUND_TRIPS);
}
