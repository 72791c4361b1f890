import { concatBytes, hkdfExtractSha512, sha512, utf8ToBytes, wipe } from '@yakmesh/crypto';
import type { ChannelRole } from '../handshake/actions.js';
import { expandLabel, SECRET_BYTES } from '../handshake/key-schedule.js';

const EMPTY = new Uint8Array(0);

/** What the next root is made of: PROTOCOL.md, "The KEM ratchet". */
export class RatchetRoot {
  /** XL(root_e, "derived"): with the root itself a thief could read back the whole epoch. */
  #derived: Uint8Array;
  /** th'_e. */
  #transcript: Uint8Array;

  /** root_0 and th3; of the root only what the next one needs is kept. */
  constructor(root: Uint8Array, transcript: Uint8Array) {
    this.#derived = expandLabel(root, 'derived', EMPTY, SECRET_BYTES);
    this.#transcript = transcript;
  }

  /** What is signed: "EK" or "CT" ‖ th'_e ‖ u32 epoch ‖ "i" or "r" ‖ ek [‖ ct]. */
  message(
    what: 'EK' | 'CT',
    nextEpoch: number,
    signer: ChannelRole,
    ...parts: readonly Uint8Array[]
  ): Uint8Array {
    const epoch = new Uint8Array(4);
    new DataView(epoch.buffer).setUint32(0, nextEpoch);
    const role = utf8ToBytes(signer === 'initiator' ? 'i' : 'r');
    return concatBytes(utf8ToBytes(what), this.#transcript, epoch, role, ...parts);
  }

  /** root_{e+1}, from which the one after it will be made; the shared secret is erased. */
  next(encapsulationKey: Uint8Array, ciphertext: Uint8Array, secret: Uint8Array): Uint8Array {
    this.#transcript = sha512(concatBytes(this.#transcript, encapsulationKey, ciphertext));
    const extracted = hkdfExtractSha512(this.#derived, secret);
    const root = expandLabel(extracted, 'root', this.#transcript, SECRET_BYTES);
    wipe(this.#derived, extracted, secret);
    this.#derived = expandLabel(root, 'derived', EMPTY, SECRET_BYTES);
    return root;
  }

  destroy(): void {
    wipe(this.#derived);
  }
}
