// The hash ratchet and the KEM ratchet a second time, from PROTOCOL.md §5 and §6.
import { EMPTY, extract, H, join, text, uint, XL, type Bytes } from './primitives.js';

/** PROTOCOL.md §5: key and iv of a generation. */
export function generationKeys(root: Bytes, role: 'i' | 'r', epoch: number, generation: number) {
  let chain = XL(root, `chain ${role}`, uint(epoch, 4), 64);
  for (let turn = 0; turn < generation; turn += 1) chain = XL(chain, 'next', EMPTY, 64);
  return { key: XL(chain, 'key', EMPTY, 32), iv: XL(chain, 'iv', EMPTY, 12) };
}

/** PROTOCOL.md §6: what a frame of the ratchet signs; ek alone, or ek and then ct. */
export const ratchetMessage = (transcript: Bytes, epoch: number, role: 'i' | 'r', ...kem: Bytes[]): Bytes =>
  join(text(kem.length === 1 ? 'EK' : 'CT'), transcript, uint(epoch, 4), text(role), ...kem);

/** PROTOCOL.md §6: root and transcript of the next epoch. */
export function nextEpoch(root: Bytes, transcript: Bytes, ek: Bytes, ct: Bytes, shared: Bytes) {
  const next = H(transcript, ek, ct);
  return { root: XL(extract(XL(root, 'derived', EMPTY, 64), shared), 'root', next, 64), transcript: next };
}
