// The limits that users of the port meet. What happens at each is said where the method is described.

/** Bytes of a protocol id: the envelope's type field (typeLen 1..32). */
export const PROTOCOL_ID_BYTES_MAX = 32;

/** Bytes of a broadcast's encoded payload. Larger ones belong in a direct message or a flow. */
export const BROADCAST_PAYLOAD_BYTES_MAX = 65_536;

/** Bytes of a direct message's encoded payload: half of what a link reassembles. */
export const DIRECT_PAYLOAD_BYTES_MAX = 524_288;

/** Bytes of a link frame's body, so that one frame never fills a link record alone. */
export const FRAME_BODY_BYTES_MAX = 16_384;

/** Bytes of one message of a flow, over whatever links it goes. */
export const FLOW_BODY_BYTES_MAX = 16_384;

/** Bytes of one that is sealed already and goes to a neighbour (`Flow.sealedBytesMax`): 127 times 512, the most that a u16 counts. */
export const FLOW_SEALED_BODY_BYTES_MAX = 65_024;

/** Bytes in front of a flow's message that spare the flow a copy (`Flow.send`). */
export const FLOW_HEADROOM_BYTES = 13;

/** Bytes that one flow may queue, at its sender as at each relay; above half of it messages bear the congestion mark. */
export const FLOW_QUEUE_BYTES_MAX = 262_144;

/** The same for a flow whose neighbour is the other end: no relay has to hold as much. */
export const FLOW_NEIGHBOUR_QUEUE_BYTES_MAX = 1_048_576;

/** Links that an envelope or a flow may cross. */
export const TTL_MAX = 32;

/** How long a message may be accepted unless its sender says otherwise. */
export const MESSAGE_LIFE_MS = 600_000;

/** The longest life of a message: replay state must be kept as long. */
export const MESSAGE_LIFE_MS_MAX = 86_400_000;

/** Messages of one protocol that wait for its gate; a further one is ignored and counted. */
export const GATE_QUEUE_MAX = 256;

/** How long a gate may take; after that the message is ignored and counted. */
export const GATE_TIMEOUT_MS = 5_000;

/** Direct links held beyond maxPeers. */
export const HOLDS_MAX = 64;
