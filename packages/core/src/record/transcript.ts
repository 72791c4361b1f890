import { concatBytes, sha256, sha512 } from '@yakmesh/crypto';
import { FRAME_HEADER_BYTES, isRelayedContent, type Frame } from './frames.js';

const U64_BYTES = 8;

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(U64_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/**
 * One direction's running hash: T_0 = th3, T_{n+1} = SHA-512(T_n ‖ u64 n ‖ SHA-256(frames of record n)). Of relayed content only kind and
 * length are hashed, so that nobody signs what others said.
 */
export class RunningTranscript {
  #hash: Uint8Array;
  #records = 0;

  constructor(handshakeTranscript: Uint8Array) {
    this.#hash = handshakeTranscript.slice();
  }

  /** Records absorbed so far: n of the next one. */
  get records(): number {
    return this.#records;
  }

  /** T_n after the records absorbed so far, 64 B. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  absorb(frames: readonly Frame[]): void {
    this.#hash = sha512(concatBytes(this.#hash, u64(this.#records), sha256(digestInput(frames))));
    this.#records += 1;
  }
}

function digestInput(frames: readonly Frame[]): Uint8Array {
  let length = 0;
  for (const { kind, body } of frames) {
    length += FRAME_HEADER_BYTES + (isRelayedContent(kind) ? 0 : body.length);
  }
  const input = new Uint8Array(length);
  let at = 0;
  for (const { kind, body } of frames) {
    input[at] = kind;
    input[at + 1] = body.length >> 16;
    input[at + 2] = body.length >> 8;
    input[at + 3] = body.length;
    at += FRAME_HEADER_BYTES;
    if (isRelayedContent(kind)) continue;
    input.set(body, at);
    at += body.length;
  }
  return input;
}

/** What TSIG signs: th3 ‖ role ‖ epoch ‖ n ‖ T_{n+1} ‖ ek or ct. */
export function transcriptMessage(
  handshakeTranscript: Uint8Array,
  role: 'initiator' | 'responder',
  epoch: number,
  records: number,
  hash: Uint8Array,
  kemPart: Uint8Array,
): Uint8Array {
  const numbers = new Uint8Array(1 + 4);
  numbers[0] = role === 'initiator' ? 0 : 1;
  new DataView(numbers.buffer).setUint32(1, epoch);
  return concatBytes(handshakeTranscript, numbers, u64(records), hash, kemPart);
}
