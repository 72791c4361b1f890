/** Streams that one side may have open at once, the message stream not counted. */
export const STREAMS_MAX = 256;
/** Streams of the other end that are borne before it counts as a fault: its view of which are done is ahead of ours. */
export const PEER_STREAMS_MAX = 2 * STREAMS_MAX;
/** Bytes that we take at first on each stream, and over all. */
export const STREAM_WINDOW_BYTES = 1_048_576;
export const SESSION_WINDOW_BYTES = 4_194_304;
/** What the windows grow to where they are used up within two round trips. */
export const STREAM_WINDOW_BYTES_MAX = 16_777_216;
export const SESSION_WINDOW_BYTES_MAX = 33_554_432;
/** Bytes of one datagram: it fits one record beside an acknowledgement. */
export const DATAGRAM_BYTES_MAX = 15_000;
/** Datagrams that wait to be sent; the oldest is dropped for a further one, and counted. */
export const DATAGRAMS_QUEUED_MAX = 64;
/** Nothing that was sent is acknowledged for so long: the other end is gone. */
export const DEAD_MS = 60_000;
/** What was written may take so long to arrive after `close`. */
export const DRAIN_MS = 10_000;
/** Frames that wait for a record besides streams and datagrams; more only a fault makes. */
export const CONTROL_FRAMES_MAX = 4_096;
/** An unproven path gets so many times the bytes that came over it. */
export const PATH_AMPLIFICATION = 3;
/** What a path counts for a record besides its bytes, at most: the frame of its flow. */
export const PATH_RECORD_BYTES = 16;
/** Ways of one session that are open at once. */
export const PATHS_MAX = 4;

/** The code in CLOSE; numbers are for ever. */
export const CloseCode = {
  OK: 0,
  DENIED: 1,
  DUPLICATE: 2,
  IDLE: 3,
  LIMIT: 4,
  RATCHET: 5,
  PROTOCOL: 6,
  REPLACED: 7,
  STOPPED: 8,
  ABORTED: 9,
  /** Never on the wire: nothing came back for too long. */
  GONE: 10,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];
