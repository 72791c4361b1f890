import { concatBytes } from '@yakmesh/crypto';
import { encodeFragmentHeader } from '../../link/reassembly.js';

const FRAGMENT_BYTES = 32_768;

/** A long frame as FRAG frames, as an honest sender cuts it. */
export function fragmentsOf(frame: Uint8Array): Uint8Array[] {
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += FRAGMENT_BYTES) {
    const piece = frame.subarray(at, at + FRAGMENT_BYTES);
    const isLast = at + FRAGMENT_BYTES >= frame.length;
    fragments.push(concatBytes(encodeFragmentHeader(0, isLast, piece.length), piece));
  }
  return fragments;
}
