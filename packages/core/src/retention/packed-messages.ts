import { SALT_BYTES, type BatchMessage } from '../envelope/batch.js';
import { decodeEnvelope } from '../envelope/envelope.js';

/** Numbers of a message in the table, and their memory. */
const FIELDS = 5;
const FIELD_BYTES = 4;

/** Messages of one batch as bytes of their own: no arrival stays in memory for them, and few objects do. */
export interface PackedMessages {
  /** salt ‖ core ‖ path of each message. */
  readonly bytes: Uint8Array;
  /** For each message: index in its batch, where it begins, bytes of its core, of its path, first word of its id. */
  readonly table: Uint32Array;
  readonly sequences: Float64Array;
  readonly timesMs: Float64Array;
}

/** Copies messages. */
export function pack(messages: readonly BatchMessage[]): PackedMessages {
  let length = 0;
  for (const { core, path } of messages) length += SALT_BYTES + core.length + (path?.length ?? 0);
  const bytes = new Uint8Array(length);
  const table = new Uint32Array(FIELDS * messages.length);
  const sequences = new Float64Array(messages.length);
  const timesMs = new Float64Array(messages.length);
  let start = 0;
  let field = 0;
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (message === undefined) continue;
    const { index, salt, core, path, id, envelope } = message;
    const pathLength = path?.length ?? 0;
    bytes.set(salt, start);
    bytes.set(core, start + SALT_BYTES);
    if (path !== undefined) bytes.set(path, start + SALT_BYTES + core.length);
    table[field] = index;
    table[field + 1] = start;
    table[field + 2] = core.length;
    table[field + 3] = pathLength;
    table[field + 4] = firstWord(id);
    sequences[at] = envelope.sequence;
    timesMs[at] = envelope.timeMs;
    start += SALT_BYTES + core.length + pathLength;
    field += FIELDS;
  }
  return { bytes, table, sequences, timesMs };
}

/** Their memory. */
export function packedBytes({ bytes, sequences }: PackedMessages): number {
  return bytes.length + sequences.length * (FIELDS * FIELD_BYTES + 16);
}

/** One of them, without its id: views into the bytes. */
export function unpack({ bytes, table }: PackedMessages, at: number): BatchMessage | undefined {
  const [index = 0, start = 0, coreLength = 0, pathLength = 0] = table.subarray(FIELDS * at);
  const core = bytes.subarray(start + SALT_BYTES, start + SALT_BYTES + coreLength);
  const envelope = decodeEnvelope(core);
  if (envelope === undefined) return undefined;
  const end = start + SALT_BYTES + coreLength;
  const path = pathLength === 0 ? undefined : bytes.subarray(end, end + pathLength);
  const salt = bytes.subarray(start, start + SALT_BYTES);
  return { index, salt, core, envelope, id: new Uint8Array(0), path };
}

/** The first word of a message's id. */
export function idWord(table: Uint32Array, at: number): number {
  return table[FIELDS * at + 4] ?? 0;
}

function firstWord(id: Uint8Array): number {
  return (((id[0] ?? 0) << 24) | ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8) | (id[3] ?? 0)) >>> 0;
}
