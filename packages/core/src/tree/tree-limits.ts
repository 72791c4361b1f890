/** Announcements wait so long for others that can share their frame. */
export const ANNOUNCE_MS = 50;
/** Messages of one origin that are announced together before the time is over: a further one sends what waits. */
export const ANNOUNCED_ENTRIES_MAX = 1_000;
/** Least time between an announcement and the request for what has not come: a packet that was lost is sent again after 200 ms or so. */
export const GRAFT_MS_MIN = 300;
/** The same, from a neighbour whose link has left the tree a moment ago: the tree may be torn there. */
export const TORN_GRAFT_MS_MIN = 100;
/** How long that moment is. */
export const TORN_MS = 5_000;
/** Round trips of that time, where they are longer. */
export const GRAFT_ROUND_TRIPS = 3;
/** Between two requests for the same messages, from one announcer and the next. */
export const GRAFT_RETRY_MS = 1_000;
/** Announcers of one message that are remembered; further ones are not asked. */
export const ANNOUNCERS_MAX = 4;
/** Groups of messages that were announced and have not come; further ones are left to the next comparison. */
export const MISSING_MAX = 4_096;
/** Messages that one request may name; the rest is not answered. */
export const GRAFTED_MESSAGES_MAX = 1_024;
/** Least time between two PRUNE for one neighbour: copies that are on their way would each cause one. */
export const PRUNE_MS = 1_000;
/** How much later than the announcement a message must come for its sender to count as slow. */
export const LEAD_MS = 100;
/** Messages in a row for which an announcer was ahead, until it takes the place of the sender. */
export const LEADS = 3;
/** Between two changes of the tree for speed. */
export const OPTIMISE_MS = 5_000;
/** Between two comparisons with a random neighbour, ± 20 %. */
export const COMPARE_MS = 30_000;
/** Signed within so long: what is on its way is no difference. */
export const COMPARED_AGE_MS_MIN = 10_000;
/** Least time between two summaries that a neighbour gets for asking. */
export const SUMMARY_MS = 5_000;
/** Frames of one summary; origins beyond it are told of by announcements and later comparisons only. */
export const SUMMARY_FRAMES_MAX = 32;
/** After a summary: what is on its way already need not be asked for. */
export const SETTLE_MS = 150;
/** Messages in one request of a repair; the next one goes out when they have left the other end. */
export const WANTED_MESSAGES_MAX = 256;
/** Of them, messages of one origin while many have some: origins take turns. */
export const WANTED_ORIGIN_MESSAGES_MIN = 64;
/** Requests under way to one neighbour, at the one that answers; a further one is refused. */
export const WANTS_MAX = 2;
/** Runs of numbers that one neighbour may have on offer; further ones are left to the next comparison. */
export const OFFERED_SPANS_MAX = 4_096;
/** A neighbour that has not served a request by then has nothing on offer any more. */
export const WANT_MS_MAX = 30_000;
/** What was served is expected to be verified by then; after that another neighbour is asked. */
export const ARRIVAL_MS_MAX = 10_000;
/** Requests whose answers are still recognised. */
export const SLICES_MAX = 16;
/** Offers that cannot be asked for now are looked at again so much later. */
export const REPAIR_RETRY_MS = 250;
/** Origins whose allowance for repairs is remembered; one that is forgotten begins with a full one. */
export const REPAIR_ORIGINS_MAX = 4_096;
/** The root says so often that it is there: changed ways and latencies are taken up by then. */
export const ROOT_MS = 10_000;
/** A root that has said nothing for so long is none: three of its words may be lost on their way, and one node's pause is shorter. */
export const ROOT_LIFE_MS = 45_000;
/** Least time between two words of a node about its way: a false root's haste goes no faster through the mesh. */
export const TOLD_MS = 500;
/** The farthest from the root, and who has no way to it. */
export const DISTANCE_MS_MAX = 0xffff;
/** What a hop takes besides its link: signatures are verified. */
export const HOP_MS = 10;
/** One way, over a link that was not measured yet. */
export const LINK_MS_DEFAULT = 100;
/** How much shorter another way to the root must be, to be taken. */
export const NEARER_MS_MIN = 20;
/** The same, as a share of the present way. */
export const NEARER_SHARE = 0.25;
/** How much longer a parent's way counts for each message that it did not bring in time. */
export const BLAME_MS = 100;
/** The longest that an announced message is awaited for the tree's own length. */
export const DETOUR_MS_MAX = 1_000;
/** A new link has so long to become part of the trunk before it is one too many. */
export const EXTRA_MS = 1_000;
/** Of the messages that are announced before they come, the share that is asked for: they are the latest. */
export const IMPATIENCE = 0.02;
/** How far one message moves the wait. */
export const PATIENCE_STEP_MS = 40;
/** The wait beyond the tree's length before anything is known. */
export const PATIENCE_MS_DEFAULT = 250;
/** The longest of them. */
export const PATIENCE_MS_MAX = 1_000;
/** Messages that our parent may owe us until another way is looked for. */
export const OWED_MAX = 8;
