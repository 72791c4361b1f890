import { aes256GcmOpen, aes256GcmSealInPlace, wipe } from '@yakmesh/crypto';
import type { ChannelRole } from '../handshake/actions.js';
import { expandLabel, SECRET_BYTES } from '../handshake/key-schedule.js';

const EMPTY = new Uint8Array(0);
const KEY_BYTES = 32;
const IV_BYTES = 12;
/** Records of one generation: its number is the sequence's, divided by this. */
export const GENERATION_RECORDS = 256;

export const generationOf = (sequence: number): number => Math.floor(sequence / GENERATION_RECORDS);

/** The chain of generation 0 of one direction: ck_0 = XL(root_e, "chain i" or "chain r", u32 e, 64). */
export function firstChain(root: Uint8Array, direction: ChannelRole, epoch: number): Uint8Array {
  const context = new Uint8Array(4);
  new DataView(context.buffer).setUint32(0, epoch);
  return expandLabel(root, direction === 'initiator' ? 'chain i' : 'chain r', context, SECRET_BYTES);
}

/** ck_{g+1} = XL(ck_g, "next", ∅, 64). */
export const nextChain = (chain: Uint8Array): Uint8Array => expandLabel(chain, 'next', EMPTY, SECRET_BYTES);

/** The key of one generation: at most 256 records, that is 4 MiB. */
export class GenerationKey {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #nonce = new Uint8Array(IV_BYTES);
  readonly #nonceView = new DataView(this.#nonce.buffer);

  constructor(chain: Uint8Array) {
    this.#key = expandLabel(chain, 'key', EMPTY, KEY_BYTES);
    this.#iv = expandLabel(chain, 'iv', EMPTY, IV_BYTES);
  }

  /** A plaintext and room for the tag behind it become what `open` takes. */
  sealInPlace(sequence: number, bytes: Uint8Array, header: Uint8Array): void {
    aes256GcmSealInPlace(this.#key, this.#nonceOf(sequence), bytes, header);
  }

  open(sequence: number, sealed: Uint8Array, header: Uint8Array): Uint8Array | undefined {
    return aes256GcmOpen(this.#key, this.#nonceOf(sequence), sealed, header);
  }

  destroy(): void {
    wipe(this.#key, this.#iv, this.#nonce);
  }

  /** iv ⊕ (0^48 ‖ u48 sequence). */
  #nonceOf(sequence: number): Uint8Array {
    this.#nonce.set(this.#iv);
    const view = this.#nonceView;
    view.setUint16(6, view.getUint16(6) ^ Math.floor(sequence / 2 ** 32));
    view.setUint32(8, (view.getUint32(8) ^ (sequence >>> 0)) >>> 0);
    return this.#nonce;
  }
}
