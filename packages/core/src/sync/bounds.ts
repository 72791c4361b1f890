import { bytesKey, type ByteReader, type ByteWriter } from '@yakmesh/crypto';
import { NAME_BYTES_MAX, nameBytes } from './record-name.js';

/** The bound before all names. */
export const BOUND_START = '';
/** As a length: the bound behind all names. */
const END = 0xffff;
const SHARED_MAX = 0xff;

/** Shared u8: bytes as in the bound before · length u16, 0xffff for the end · the other bytes. */
export function writeBound(writer: ByteWriter, bound: string | undefined, previous: string): void {
  if (bound === undefined) {
    writer.u8(0).u16(END);
    return;
  }
  let shared = 0;
  const most = Math.min(bound.length, previous.length, SHARED_MAX);
  while (shared < most && bound[shared] === previous[shared]) shared += 1;
  const rest = nameBytes(bound.slice(shared));
  writer.u8(shared).u16(rest.length).bytes(rest);
}

/** Undefined for the end, and for bytes that are no bound: those fail the reader or are no end where one is looked for. */
export function readBound(reader: ByteReader, previous: string): string | undefined {
  const shared = reader.u8();
  const length = reader.u16();
  if (length === END && shared === 0) return undefined;
  if (shared > previous.length || shared + length > NAME_BYTES_MAX) {
    reader.skip(Number.MAX_SAFE_INTEGER);
    return undefined;
  }
  return previous.slice(0, shared) + bytesKey(reader.bytes(length));
}
