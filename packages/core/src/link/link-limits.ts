/** Data bytes that a peer may have unconsumed at first; it doubles as long as it limits the throughput. */
export const CREDIT_BYTES_MIN = 262_144;
/** Largest such window. */
export const CREDIT_BYTES_MAX = 4_194_304;
/** Bytes of one frame that was cut into FRAG frames, per link. A longer one closes the link. */
export const REASSEMBLY_BYTES_MAX = 1_048_576;
/** Batches that a link can name at once; the sender overwrites the oldest. */
export const SLOTS = 256;
/** Signer keys that a sender remembers having sent over a link; beyond that it sends the oldest again. */
export const KEYS_SENT_MAX = 4_096;
/** Keys asked for with NEED_KEY at once. */
export const KEYS_WANTED_MAX = 8;
/** How long a batch waits for its signer's key before it is dropped. */
export const KEY_WAIT_MS = 5_000;
/** Priorities that an envelope can bear; each has its own queue. */
export const PRIORITIES = 8;
/** Bytes queued for one peer; a parcel that does not fit is refused and the caller told. */
export const QUEUE_BYTES_MAX = 4_194_304;
/** Above this, `broadcast` resolves only when the queue has drained below it, so that awaiting callers pace themselves. */
export const QUEUE_BYTES_HIGH = 1_048_576;
/** Records go to the socket while it holds less than this, so that priorities still count. */
export const SOCKET_BYTES_MAX = 65_536;
/** A credit frame waits so long for more to acknowledge. */
export const ACKNOWLEDGE_DELAY_MS = 25;
/** Least time without progress before a peer that owes us an acknowledgement is suspect. */
export const SUSPECT_MS_MIN = 1_000;
/** Between two probes of a suspect peer. */
export const PROBE_INTERVAL_MS = 500;
/** Probes that may go unanswered. */
export const PROBES_MAX = 3;
/** Time between two ratchets of a link, ± 10 %. */
export const RATCHET_MS = 600_000;
/** Records after which the ratchet turns early. */
export const RATCHET_RECORDS = 2 ** 20;
/** Time that a link may go without a transcript signature of its peer. */
export const TRANSCRIPT_MS_MAX = 720_000;
/** Between a mark and its signature. */
export const MARK_TO_SIGNATURE_MS_MAX = 60_000;
/** Small frames that wait for room: a peer that asks without reading gets no further answers. */
export const CONTROL_FRAMES_MAX = 256;
/** Frames without credit that a peer may send in a second: acknowledgements of 250 MB, far beyond what it asks, tells or signs. */
export const FREE_FRAMES_PER_SECOND = 4_000;
/** Of these so many at once, as after a line stood still. One more ends the link. */
export const FREE_FRAMES_BURST = 8_000;
/** Pings in a second; an impatient peer sends two. */
export const PINGS_PER_SECOND = 20;
/** Of these so many at once. One more ends the link. */
export const PINGS_BURST = 200;
/** Bytes of wire messages held while the next epoch's key is being computed. */
export const HELD_BYTES_MAX = 1_048_576;
/** Heads of one link that are being verified at once: enough to keep every processor busy, and fair to the other links. */
export const VERIFICATIONS_MAX = 8;
/** Of them, heads of what was asked for as a repair: live ones always find room. */
export const REPAIR_VERIFICATIONS_MAX = 6;
/** After a full pool a link asks again this much later. */
export const VERIFICATION_RETRY_MS = 5;
/** Head verifications saved up while a link is idle. */
export const HEADS_BURST = 64;
