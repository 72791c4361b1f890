/** Characters of a collection's name: printable ASCII without spaces. */
export const COLLECTION_LENGTH_MAX = 64;
/** Bytes of a key in UTF-8. */
export const RECORD_KEY_BYTES_MAX = 256;
/** Bytes of a value that travels inside its record, encoded; a larger one travels in chunks of its own. */
export const INLINE_BYTES_MAX = 49_152;
/** Bytes of a value, encoded, unless the option `records.valueBytesMax` says otherwise. */
export const VALUE_BYTES_DEFAULT = 16_777_216;
/** The most that the option may ask for: a manifest must fit a message. */
export const VALUE_BYTES_MAX = 33_554_432;
/** Bytes of each chunk of a large value but the last. */
export const CHUNK_BYTES = 16_384;

/** Records held, tombstones included; a further one is refused with SYNC_FULL. */
export const RECORDS_DEFAULT = 262_144;
/** The most that the option may ask for: names and versions are kept in memory, some 300 bytes each. */
export const RECORDS_MAX = 4_194_304;
/** Bytes of records with their proofs in memory; more is refused with SYNC_FULL. */
export const MEMORY_BYTES_DEFAULT = 67_108_864;
/** The same where a store is given. */
export const STORE_BYTES_DEFAULT = 1_073_741_824;
/** How long a deletion is remembered as a record that spreads. */
export const TOMBSTONE_MS_DEFAULT = 2_592_000_000;
/** Deletions whose tombstones are gone and which are still refused a return, each as a key's hash and a version. */
export const GRAVES_MAX = 65_536;
/** Between two looks for tombstones that are old enough to go, at the beginning of a round. */
export const BURIAL_MS = 60_000;
/** How far a version may be ahead of our clock. */
export const VERSION_AHEAD_MS_MAX = 120_000;
/** How long after a key's first write an earlier claim to it, from the other side of a partition, still counts. */
export const CLAIM_OPEN_MS = 86_400_000;
/** Collections with a rule of their own. */
export const COLLECTIONS_MAX = 256;

/** Frames on the way to a neighbour that it has not acknowledged; one that sends more breaks the rules. */
export const WINDOW_FRAMES = 32;
/** Stream bytes prepared ahead of the window. */
export const READY_BYTES = 65_536;
/** Parts into which a range that differs is cut. */
export const BRANCHES = 16;
/** Records in a range up to which their ids are listed instead. */
export const LEAF_RECORDS = 24;
/** Ranges, wanted ids and names to send that wait for one neighbour; what is beyond waits for the next round. */
export const WAITING_MAX = 16_384;
/** Records read from the store at once to be sent. */
export const LOAD_RECORDS_MAX = 64;
/** Bytes of records read from the store at once. */
export const LOAD_BYTES_MAX = 131_072;
/** Chunks of large values that one neighbour may have asked for and not got. */
export const SERVED_CHUNKS_MAX = 256;
/** Comparisons, lists and wants of a neighbour that are answered in a second; more wait. */
export const CONTROLS_PER_SECOND = 128;
/** The same saved up. */
export const CONTROLS_BURST = 512;
/** Rounds that one neighbour may begin in a second; more are ignored. */
export const ROUNDS_PER_SECOND = 0.2;
/** The same saved up. */
export const ROUNDS_BURST = 4;
/** Without any progress for so long the exchange with a neighbour begins anew. */
export const STALL_MS = 30_000;
/** Between two rounds with a random neighbour, give or take a fifth. */
export const ROUND_MS = 60_000;
/** After a round that could not finish. */
export const ROUND_AGAIN_MS = 5_000;
/** Between two demands to begin a stream anew. */
export const RESTART_MS = 1_000;

/** Records of broadcasts that wait for the store; a further one comes with the next round. */
export const LIVE_RECORDS_MAX = 8_192;
/** Their bytes. */
export const LIVE_BYTES_MAX = 8_388_608;
/** Of them, those that are written together. */
export const LIVE_TOGETHER_MAX = 256;

/** Large values fetched at once. */
export const FETCHES_MAX = 16;
/** Chunks of one value asked for at once. */
export const FETCH_WINDOW_CHUNKS = 16;
/** Without a chunk for so long another neighbour is asked. */
export const FETCH_STALL_MS = 10_000;
/** Without any chunk for so long a fetch is given up until its record comes again. */
export const FETCH_LIFE_MS = 600_000;
