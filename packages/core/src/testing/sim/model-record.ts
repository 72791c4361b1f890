import type { Parcel } from '../../envelope/batch.js';
import type { HandshakeStep } from './model-handshake.js';

/** What a message between two model links holds. */
export type ModelPart =
  /** A frame as its bytes: control frames, and those of subsystems and flows. */
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  /** Messages of one batch; `headBytes` came before them where the peer did not have KEY and HEAD. */
  | {
      readonly type: 'parcel';
      readonly parcel: Parcel;
      readonly headBytes: number;
      /** What the header of its last piece was charged, if it came in pieces. */
      readonly pieceBytes: number;
    }
  /** A piece of something larger, which follows with its last piece. */
  | { readonly type: 'piece'; readonly bytes: number };

export type ModelContents =
  | { readonly type: 'handshake'; readonly step: HandshakeStep }
  | {
      readonly type: 'record';
      readonly parts: readonly ModelPart[];
      /** What of it the receiver's credit paid for. */
      readonly chargedBytes: number;
    };

/** As long as the longest message on a wire. All records look into it, and nobody writes there. */
const ZEROS = new Uint8Array(65_536).buffer;

/** A message that has the length which it would have on the wire, and carries objects instead of bytes. */
export class ModelRecord extends Uint8Array {
  readonly contents: ModelContents;

  constructor(wireBytes: number, contents: ModelContents) {
    super(ZEROS, 0, wireBytes);
    this.contents = contents;
  }

  /** Nothing in it can change, so that a copy would be the same. */
  override slice(): Uint8Array<ArrayBuffer> {
    return this;
  }
}

/** The contents of a message; undefined for bytes of any other origin. */
export function contentsOf(wire: Uint8Array): ModelContents | undefined {
  return wire instanceof ModelRecord ? wire.contents : undefined;
}
