import { aes256GcmOpen, aes256GcmSeal, aes256GcmSealInPlace, wipe } from '@yakmesh/crypto';
import type { HandshakeRole } from '../handshake/actions.js';
import { expandLabel } from '../handshake/key-schedule.js';
import { TAG_BYTES } from './frames.js';

const EMPTY = new Uint8Array(0);
const CHAIN_BYTES = 64;
const KEY_BYTES = 32;
const IV_BYTES = 12;
/** Records under one key; then the sender announces the next one. */
export const KEY_RECORDS_MAX = 2 ** 20;
/** Plaintext bytes under one key, likewise. */
export const KEY_BYTES_MAX = 2 ** 36;

/**
 * Keys of one direction of a link. The key is replaced by its one-way successor within an epoch, and by one from a new root when the
 * KEM ratchet turns. Nonce = iv ⊕ (0^32 ‖ u64 sequence), sequence from 0 for each key, no additional data.
 */
export class RecordKeys {
  readonly #direction: HandshakeRole;
  readonly #recordsMax: number;
  #chain: Uint8Array;
  #key: Uint8Array;
  #iv: Uint8Array;
  readonly #nonce = new Uint8Array(IV_BYTES);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  #sequence = 0;
  #bytes = 0;
  epoch: number;
  phase = 0;

  constructor(root: Uint8Array, direction: HandshakeRole, epoch: number, recordsMax = KEY_RECORDS_MAX) {
    this.#direction = direction;
    this.#recordsMax = recordsMax;
    this.epoch = epoch;
    this.#chain = RecordKeys.#chainOf(root, direction, epoch);
    this.#key = expandLabel(this.#chain, 'key', EMPTY, KEY_BYTES);
    this.#iv = expandLabel(this.#chain, 'iv', EMPTY, IV_BYTES);
  }

  /** Records sealed or opened under the present key. */
  get sequence(): number {
    return this.#sequence;
  }

  /** True when the key has done its share and the sender must announce the next one. */
  get isWorn(): boolean {
    return this.#sequence >= this.#recordsMax - 1 || this.#bytes >= KEY_BYTES_MAX;
  }

  seal(plaintext: Uint8Array): Uint8Array {
    const sealed = aes256GcmSeal(this.#key, this.#nextNonce(), plaintext);
    this.#count(plaintext.length);
    return sealed;
  }

  /** A plaintext and room for the tag behind it become a record. */
  sealInPlace(bytes: Uint8Array): void {
    aes256GcmSealInPlace(this.#key, this.#nextNonce(), bytes);
    this.#count(bytes.length - TAG_BYTES);
  }

  /** Undefined for a bad tag; the sequence then stays where it was. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = aes256GcmOpen(this.#key, this.#nextNonce(), sealed);
    if (plaintext !== undefined) this.#count(plaintext.length);
    return plaintext;
  }

  /** The one-way successor within the epoch: a later thief cannot read what this key protected. */
  nextPhase(): void {
    this.#replace(expandLabel(this.#chain, 'next', EMPTY, CHAIN_BYTES));
    this.phase += 1;
  }

  /** The first key of a new epoch, from a root that the KEM ratchet produced. */
  nextEpoch(root: Uint8Array): void {
    this.epoch += 1;
    this.phase = 0;
    this.#replace(RecordKeys.#chainOf(root, this.#direction, this.epoch));
  }

  destroy(): void {
    wipe(this.#chain, this.#key, this.#iv, this.#nonce);
  }

  #replace(chain: Uint8Array): void {
    this.destroy();
    this.#chain = chain;
    this.#key = expandLabel(chain, 'key', EMPTY, KEY_BYTES);
    this.#iv = expandLabel(chain, 'iv', EMPTY, IV_BYTES);
    this.#sequence = 0;
    this.#bytes = 0;
  }

  #count(bytes: number): void {
    this.#sequence += 1;
    this.#bytes += bytes;
  }

  #nextNonce(): Uint8Array {
    this.#nonce.set(this.#iv);
    const view = this.#nonceView;
    view.setUint32(4, (view.getUint32(4) ^ Math.floor(this.#sequence / 2 ** 32)) >>> 0);
    view.setUint32(8, (view.getUint32(8) ^ (this.#sequence >>> 0)) >>> 0);
    return this.#nonce;
  }

  static #chainOf(root: Uint8Array, direction: HandshakeRole, epoch: number): Uint8Array {
    const context = new Uint8Array(4);
    new DataView(context.buffer).setUint32(0, epoch);
    return expandLabel(root, direction === 'initiator' ? 'chain i' : 'chain r', context, CHAIN_BYTES);
  }
}
