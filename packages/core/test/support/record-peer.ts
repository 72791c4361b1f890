import { aes256GcmOpen, aes256GcmSeal } from '@yakmesh/crypto';
import { recordKey, recordNonce } from './second-key-schedule.js';

/** A hand-made end of a link: seals and opens records by the second key schedule, whatever their content. */
export class RecordPeer {
  readonly #root: Uint8Array;
  readonly #direction: 'i' | 'r';
  epoch = 0;
  phase = 0;
  #sequences = { sent: 0, received: 0 };

  constructor(root: Uint8Array, role: 'initiator' | 'responder') {
    this.#root = root;
    this.#direction = role === 'initiator' ? 'i' : 'r';
  }

  /** One record of these frames, padded to 256 as PROTOCOL.md says; or of exactly these bytes. */
  seal(frames: readonly Uint8Array[], isPadded = true): Uint8Array {
    const length = frames.reduce((sum, frame) => sum + frame.length, 0);
    const plaintext = new Uint8Array(isPadded ? Math.min(65_520, Math.ceil(length / 256) * 256) : length);
    let at = 0;
    for (const frame of frames) {
      plaintext.set(frame, at);
      at += frame.length;
    }
    const { key, iv } = recordKey(this.#root, this.#direction, this.epoch, this.phase);
    const nonce = recordNonce(iv, this.#sequences.sent);
    this.#sequences.sent += 1;
    return aes256GcmSeal(key, nonce, plaintext);
  }

  /** The plaintext of the other end's next record under its first key. */
  open(wire: Uint8Array): Uint8Array | undefined {
    const { key, iv } = recordKey(this.#root, this.#direction === 'i' ? 'r' : 'i', 0, 0);
    const nonce = recordNonce(iv, this.#sequences.received);
    this.#sequences.received += 1;
    return aes256GcmOpen(key, nonce, wire);
  }

  /** The peer's own records begin anew under the next key. */
  restart(epoch: number, phase: number): void {
    this.epoch = epoch;
    this.phase = phase;
    this.#sequences = { ...this.#sequences, sent: 0 };
  }
}
