import crypto, { type CipherGCMTypes, type DecipherGCM } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { deflateSync } from 'node:zlib';

/** Most that one wiretap keeps, in bytes; what comes after it is not kept. */
export const CAPTURE_BYTES_MAX = 4_194_304;

/** What a wiretap caught. */
export interface Capture {
  readonly bytes: number;
  /** What deflate makes of it: noise stays as long as it is, all else gets shorter. */
  readonly deflatedBytes: number;
  /** Those of the words that it contains. */
  readonly found: readonly string[];
}

/**
 * All that this process decrypts from now on, as its operator could keep it: the demo's curious relay. It stands in front of `node:crypto`
 * itself, so that nothing the process can read escapes it.
 */
export class Wiretap {
  readonly #kept: Uint8Array[] = [];
  #bytes = 0;

  constructor() {
    const open = crypto.createDecipheriv;
    // Only AES-GCM is used here, and this signature of the overloads.
    const tapped = (...parameters: Parameters<typeof open>): DecipherGCM => {
      const decipher = open(...(parameters as [CipherGCMTypes, Uint8Array, Uint8Array]));
      const update = decipher.update.bind(decipher) as (data: Uint8Array) => Buffer;
      decipher.update = ((data: Uint8Array) => this.#keep(update(data))) as typeof decipher.update;
      return decipher;
    };
    crypto.createDecipheriv = tapped;
    syncBuiltinESMExports();
  }

  /** What was caught since the last time. */
  take(words: readonly string[]): Capture {
    const all = Buffer.concat(this.#kept.splice(0));
    this.#bytes = 0;
    return {
      bytes: all.length,
      deflatedBytes: deflateSync(all).length,
      found: words.filter((word) => all.includes(word)),
    };
  }

  #keep(plain: Buffer): Buffer {
    if (this.#bytes + plain.length <= CAPTURE_BYTES_MAX) {
      this.#kept.push(Buffer.from(plain));
      this.#bytes += plain.length;
    }
    return plain;
  }
}
