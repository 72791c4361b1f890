import { ByteQueue } from './session/byte-queue.js';

/** length u32 of what follows · kind u8 · content. */
const PREFIX_BYTES = 4;

/** What a message holds. */
export const MessageKind = { BYTES: 0, CBOR: 1 } as const;

/** One message of the message stream. */
export interface ChannelMessage {
  readonly kind: number;
  readonly content: Uint8Array;
}

/** The bytes of a message on the message stream. */
export function encodeMessage({ kind, content }: ChannelMessage): Uint8Array {
  const bytes = new Uint8Array(PREFIX_BYTES + 1 + content.length);
  new DataView(bytes.buffer).setUint32(0, content.length + 1);
  bytes[PREFIX_BYTES] = kind;
  bytes.set(content, PREFIX_BYTES + 1);
  return bytes;
}

/** Cuts the message stream into messages. What is not complete takes no more memory than has really come. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #queue = new ByteQueue();

  /** @param bytesMax content of one message */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether the stream may end here. */
  get isBetween(): boolean {
    return this.#queue.length === 0;
  }

  /** Further bytes of the stream: the messages that are complete now; undefined for one that is empty or too large. */
  push(bytes: Uint8Array): ChannelMessage[] | undefined {
    this.#queue.append(bytes);
    const messages: ChannelMessage[] = [];
    while (this.#queue.length >= PREFIX_BYTES) {
      const head = this.#queue.copy(0, Math.min(PREFIX_BYTES + 1, this.#queue.length));
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
      if (length === 0 || length - 1 > this.#bytesMax) return undefined;
      if (this.#queue.length < PREFIX_BYTES + length) break;
      const content = this.#queue.copy(PREFIX_BYTES + 1, length - 1);
      messages.push({ kind: head[PREFIX_BYTES] ?? 0, content });
      this.#queue.drop(PREFIX_BYTES + length);
    }
    return messages;
  }
}
