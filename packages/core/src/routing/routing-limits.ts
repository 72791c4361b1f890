/** Destinations to which a node knows ways; the one heard of longest ago leaves. */
export const ROUTE_DESTINATIONS_MAX = 8_192;
/** Neighbours through which a destination may be reached. */
export const NEXT_HOPS_MAX = 3;
/** How long a way is used after it was last confirmed or travelled. */
export const ROUTE_MS = 60_000;
/** The oldest that a way may get before it is looked for anew: shorter ones may have come to be. */
export const ROUTE_MS_MAX = 600_000;
/** A way that is older gives place to what traffic teaches. */
export const ROUTE_FRESH_MS = 30_000;
/** What was said of a destination is remembered so long after the last word on it: longer than clocks differ. */
export const MEMORY_MS = 300_000;
/** Requests remembered, each with its ways back; the oldest leaves. */
export const REQUESTS_MAX = 8_192;
/** How long a request may be answered. */
export const REQUEST_MS = 30_000;
/** Ways back that a request keeps, answers that it gets, and those of one neighbour that are looked at: one for each next hop that a node keeps. */
export const REPLIES_MAX = 3;
/** How far the request of a discovery goes, ring by ring, and how long each ring waits for an answer: 5.8 s in all. */
export const RINGS: readonly { readonly ttl: number; readonly waitMs: number }[] = [
  { ttl: 2, waitMs: 400 },
  { ttl: 5, waitMs: 900 },
  { ttl: 12, waitMs: 1_500 },
  { ttl: 32, waitMs: 3_000 },
];
/** Rings of a discovery that a relay begins for what it forwards. */
export const REPAIR_RINGS = 2;
/** Discoveries of our own at once; a further one fails. */
export const DISCOVERIES_MAX = 1_024;
/** Requests that a neighbour may bring in a second. */
export const REQUESTS_PER_SECOND = 128;
/** Requests that an idle neighbour has saved up. */
export const REQUESTS_BURST = 512;
/** Statements of one neighbour that are verified in a second. */
export const STATEMENTS_PER_SECOND = 32;
/** Statements that an idle neighbour has saved up. */
export const STATEMENTS_BURST = 64;
/** Statements that are being verified at once. */
export const VERIFYING_MAX = 1_024;
/** Discoveries that a neighbour's traffic may make us begin in a second. */
export const REPAIRS_PER_SECOND = 4;
/** Such discoveries that an idle neighbour has saved up. */
export const REPAIRS_BURST = 16;
/** One statement of ours answers all requests for so long. */
export const STATEMENT_MS = 1_000;
/** Least time between two statements of ours. */
export const STATEMENT_GAP_MS = 100;
/** Answers that wait for a statement of ours; a further one is not given. */
export const ANSWERS_MAX = 256;
/** How far beyond our clock a request may push our statement: so much did our clock go back. */
export const CLOCK_STEP_MS_MAX = 5_000;
/** How far from our clock a statement's time may be. */
export const STATEMENT_SKEW_MS_MAX = 120_000;
/** Rings up to this reach follow a way that a relay knows instead of asking all; wider ones trust nobody's memory. */
export const DIRECTED_TTL_MAX = 5;
