import {
  CryptoPool,
  type SigningIdentity,
  type PoolSignOptions,
  type PoolVerifyOptions,
} from '@yakmesh/crypto';
import type { VirtualClock } from './virtual-clock.js';

/** Real signatures, computed in this thread while virtual time stands still. */
export class TrackedPool extends CryptoPool {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    super({ workers: 0 });
    this.#clock = clock;
  }

  override sign(
    identity: SigningIdentity,
    message: Uint8Array,
    options: PoolSignOptions,
  ): Promise<Uint8Array> {
    return this.#clock.track(super.sign(identity, message, options));
  }

  override verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context: Uint8Array,
    options: PoolVerifyOptions = {},
  ): Promise<boolean> {
    return this.#clock.track(super.verify(publicKey, message, signature, context, options));
  }
}
