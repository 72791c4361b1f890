import { ByteReader, ByteWriter, bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { ENDPOINT_BYTES_MAX, isHarmless, type PeerHint } from '../link/control-frames.js';
import { bytesOfName } from '../node-name.js';

/** The protocol under which neighbours speak of members. */
export const MEMBER_PROTOCOL = 'member/1';
/** Entries of one shuffle: the asking node itself, three of its neighbours and four of its passive view. */
export const SHUFFLE_ENTRIES_MAX = 8;
/** Links that a walk may cross at most, whatever it says. */
export const WALK_TTL_MAX = 16;

const NODE_ID_BYTES = 32;
const SHUFFLE_ID_BYTES = 8;
const MEMBER_BYTES_MAX = 512 + SHUFFLE_ENTRIES_MAX * (NODE_ID_BYTES + 1 + ENDPOINT_BYTES_MAX);
const HELD_FLAG = 1;
/** Where the ttl of a walk stands. */
const TTL_OFFSET = 1;

const MessageKind = Object.freeze({ STATE: 1, FORWARD_JOIN: 2, SHUFFLE: 3, SHUFFLE_REPLY: 4 });

/** A node and where it may be dialled; an empty endpoint says that it dials out itself. */
export type MemberEntry = PeerHint;

/** An entry as it travels: relays of a walk have no use for the text of an id, which costs more than all the rest. */
export interface RawEntry {
  readonly id: Uint8Array;
  readonly endpoint: string;
}

/** What neighbours say to each other of members. */
export type MemberMessage =
  /** How many neighbours the sender has, and whether it holds this link. */
  | { readonly type: 'state'; readonly degree: number; readonly isHeld: boolean }
  /** A newcomer looks for neighbours. */
  | { readonly type: 'forward-join'; readonly ttl: number; readonly entry: RawEntry }
  /** A sample of what its origin knows, for a random member, which answers with one of its own. */
  | {
      readonly type: 'shuffle';
      readonly ttl: number;
      readonly id: string;
      readonly entries: readonly RawEntry[];
    }
  | { readonly type: 'shuffle-reply'; readonly id: string; readonly entries: readonly RawEntry[] };

export function encodeMember(message: MemberMessage): Uint8Array {
  const writer = new ByteWriter(64, MEMBER_BYTES_MAX);
  switch (message.type) {
    case 'state':
      writer
        .u8(MessageKind.STATE)
        .u8(Math.min(message.degree, 255))
        .u8(message.isHeld ? HELD_FLAG : 0);
      break;
    case 'forward-join':
      writeEntry(writer.u8(MessageKind.FORWARD_JOIN).u8(message.ttl), message.entry);
      break;
    case 'shuffle':
      writer.u8(MessageKind.SHUFFLE).u8(message.ttl);
      writeEntries(writer, message.id, message.entries);
      break;
    case 'shuffle-reply':
      writer.u8(MessageKind.SHUFFLE_REPLY);
      writeEntries(writer, message.id, message.entries);
      break;
    default:
      message satisfies never;
  }
  return writer.finish();
}

/** Undefined for bytes that are no message of this protocol. */
export function decodeMember(body: Uint8Array): MemberMessage | undefined {
  const reader = new ByteReader(body);
  const message = readMessage(reader);
  return reader.end() ? message : undefined;
}

/** The same walk with one link less to go; what it carries is not looked at. */
export function nextHop(body: Uint8Array, ttl: number): Uint8Array {
  const copy = body.slice();
  copy[TTL_OFFSET] = ttl;
  return copy;
}

/** Shuffles are told apart by 8 random bytes, here as text: they name nobody. */
export function shuffleId(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, SHUFFLE_ID_BYTES), (byte) => String.fromCharCode(byte)).join('');
}

function readMessage(reader: ByteReader): MemberMessage | undefined {
  switch (reader.u8()) {
    case MessageKind.STATE:
      return { type: 'state', degree: reader.u8(), isHeld: (reader.u8() & HELD_FLAG) !== 0 };
    case MessageKind.FORWARD_JOIN: {
      const ttl = reader.u8();
      const entry = readEntry(reader);
      return entry && ttl <= WALK_TTL_MAX ? { type: 'forward-join', ttl, entry } : undefined;
    }
    case MessageKind.SHUFFLE: {
      const ttl = reader.u8();
      const shuffle = readEntries(reader);
      return shuffle && ttl <= WALK_TTL_MAX ? { type: 'shuffle', ttl, ...shuffle } : undefined;
    }
    case MessageKind.SHUFFLE_REPLY: {
      const shuffle = readEntries(reader);
      return shuffle && { type: 'shuffle-reply', ...shuffle };
    }
    default:
      return undefined;
  }
}

function readEntries(reader: ByteReader): { id: string; entries: RawEntry[] } | undefined {
  const id = shuffleId(reader.bytes(SHUFFLE_ID_BYTES));
  const count = reader.u8();
  if (count > SHUFFLE_ENTRIES_MAX) return undefined;
  const entries: RawEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(reader);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return { id, entries };
}

function readEntry(reader: ByteReader): RawEntry | undefined {
  const id = reader.bytes(NODE_ID_BYTES);
  const length = reader.u8();
  if (length > ENDPOINT_BYTES_MAX) return undefined;
  const endpoint = bytesToUtf8(reader.bytes(length));
  if (reader.failed || endpoint === undefined) return undefined;
  // Shown to nobody and dialled by nobody, but no reason to end the walk of honest relays.
  return { id: id.slice(), endpoint: isHarmless(endpoint) ? endpoint : '' };
}

function writeEntries(writer: ByteWriter, id: string, entries: readonly RawEntry[]): void {
  for (let index = 0; index < SHUFFLE_ID_BYTES; index += 1) writer.u8(id.charCodeAt(index) & 0xff);
  const sent = entries.slice(0, SHUFFLE_ENTRIES_MAX);
  writer.u8(sent.length);
  for (const entry of sent) writeEntry(writer, entry);
}

function writeEntry(writer: ByteWriter, { id, endpoint }: RawEntry): void {
  const url = utf8ToBytes(endpoint);
  const told = url.length > ENDPOINT_BYTES_MAX ? new Uint8Array(0) : url;
  writer.bytes(id).u8(told.length).bytes(told);
}

/** @throws TypeError for a node id that is none: only our own mistake. */
export function rawEntry({ nodeId, endpoint }: MemberEntry): RawEntry {
  const id = bytesOfName(nodeId);
  if (id === undefined) throw new TypeError(`${nodeId} is no node id`);
  return { id, endpoint };
}
