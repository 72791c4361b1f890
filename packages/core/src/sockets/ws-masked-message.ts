import type { Duplex } from 'node:stream';
import * as ws from 'ws';

/** Shorter messages are copied, which costs less than a second write. */
export const MASKED_IN_PLACE_BYTES_MIN = 16_384;

/** `ws` exports its Sender, whose `frame` is public, but the types of it do not say so. */
interface FrameMaker {
  frame(
    data: Buffer,
    options: {
      readonly fin: boolean;
      /** Binary (RFC 6455 §11.8). */
      readonly opcode: 2;
      readonly mask: boolean;
      /** False: the data is masked where it lies. */
      readonly readOnly: boolean;
    },
  ): readonly Uint8Array[];
}

const { Sender } = ws as unknown as { readonly Sender: FrameMaker };

/**
 * Sends a whole binary message as a client must, masked (RFC 6455 §5.3), and writes over it: the `send` of `ws` would copy it into an array of its own for every
 * message, and arrays of that size make V8 mark its whole heap every few hundred of them.
 */
export function sendMasked(stream: Duplex, message: Uint8Array, sent: (error?: Error | null) => void): void {
  const data = Buffer.from(message.buffer, message.byteOffset, message.length);
  const frame = Sender.frame(data, { fin: true, opcode: 2, mask: true, readOnly: false });
  stream.cork();
  frame.forEach((part, index) => {
    stream.write(part, index === frame.length - 1 ? sent : undefined);
  });
  stream.uncork();
}
