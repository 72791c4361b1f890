import type { MessageSchema } from './message-schema.js';

/** Bytes of a gossip message, 64 KiB: every node sends it on to its neighbours. Longer is refused. */
export const GOSSIP_BYTES_MAX = 65_536;
/** Bytes of a handshake message, 8 KiB: strangers send it. Longer is refused. */
export const HANDSHAKE_BYTES_MAX = 8_192;
/** Bytes of a listing, 128 KiB: a description and a small picture. Longer is refused. */
export const LISTING_BYTES_MAX = 131_072;
/** Bytes of a data message, 512 KiB: half of what a link reassembles. Longer is refused. */
export const DATA_BYTES_MAX = 524_288;

/** What a type of message is bound to. */
export interface MessageDefinition {
  /** Bytes of the raw message; exactly as many pass. */
  readonly maxBytes: number;
  /** What the parsed message must look like. @default anything within the general bounds */
  readonly schema?: MessageSchema | undefined;
}

/** What dispatchers look up: a name, or a number as compact protocols have it. */
const TYPE: MessageSchema = {
  type: 'union',
  options: [{ type: 'string', minLength: 1, maxLength: 64 }, { type: 'integer' }],
};

/** An application's own object: its `type` must be usable, the rest is the application's to define. */
const OPEN_OBJECT: MessageSchema = { type: 'object', optional: { type: TYPE }, additional: true };

/** The four types that every validator knows. */
export const BUILT_IN_MESSAGES: Readonly<Record<string, MessageDefinition>> = Object.freeze({
  gossip: { maxBytes: GOSSIP_BYTES_MAX, schema: OPEN_OBJECT },
  handshake: {
    maxBytes: HANDSHAKE_BYTES_MAX,
    schema: {
      type: 'object',
      optional: {
        type: TYPE,
        nodeId: { type: 'string', minLength: 1, maxLength: 128, format: 'text' },
        endpoint: {
          type: 'union',
          options: [{ type: 'null' }, { type: 'string', maxLength: 512, format: 'text' }],
        },
      },
      additional: true,
    },
  },
  listing: { maxBytes: LISTING_BYTES_MAX, schema: OPEN_OBJECT },
  data: {
    maxBytes: DATA_BYTES_MAX,
    schema: {
      type: 'union',
      options: [
        OPEN_OBJECT,
        { type: 'array', items: { type: 'any' } },
        { type: 'string' },
        { type: 'bytes' },
      ],
    },
  },
} satisfies Record<string, MessageDefinition>);
