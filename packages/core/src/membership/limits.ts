/** Entries of the passive view for each neighbour that a node may have. */
const PASSIVE_PER_PEER = 6;
const PASSIVE_MIN = 30;
export const PASSIVE_MAX = 1_024;
/** Places that own dials leave free, so that newcomers find room. */
const ROOM_FOR_NEWCOMERS = 2;

/** How many of whom a node wants to know, from `maxPeers` alone. */
export interface MembershipSizes {
  readonly maxPeers: number;
  /** Neighbours up to which a node dials on its own. */
  readonly target: number;
  /** With fewer it is urgent: such a node is admitted by full ones, and never given up by them. */
  readonly need: number;
  /** Neighbours that it has dialled itself: with as many, strangers that come in cannot surround it. */
  readonly outboundMin: number;
  readonly passiveMax: number;
}

export function membershipSizes(maxPeers: number): MembershipSizes {
  return {
    maxPeers,
    target: Math.max(Math.ceil(maxPeers / 2), maxPeers - ROOM_FOR_NEWCOMERS),
    need: Math.ceil(maxPeers / 3),
    outboundMin: Math.floor(maxPeers / 4),
    passiveMax: Math.min(PASSIVE_MAX, Math.max(PASSIVE_MIN, PASSIVE_PER_PEER * maxPeers)),
  };
}

/** Links that a newcomer's name crosses on its way to a random member. */
export const JOIN_WALK_TTL = 6;
/** With so many left to go, those on the way remember it too. */
export const PASSIVE_WALK_TTL = 3;
/** Links that a shuffle crosses. */
export const SHUFFLE_WALK_TTL = 6;
/** Neighbours, and members of the passive view, in a shuffle. */
export const SHUFFLE_ACTIVE = 3;
export const SHUFFLE_PASSIVE = 4;
/** Between two shuffles of one node, ± 20 %. */
export const SHUFFLE_MS = 10_000;
/** Where shuffles bring nothing new, as in a mesh of five nodes, the time between two doubles up to this. */
export const QUIET_SHUFFLE_MS = 60_000;
/** A node that looks for neighbours and knows nobody to dial begins with this; it doubles up to the regular time. */
export const HUNGRY_SHUFFLE_MS = 500;
/** Shuffles whose answers are awaited, our own and those of others on their way back. */
export const SHUFFLES_OPEN_MAX = 512;
/** Dials of the membership at once. */
export const MEMBER_DIALS_MAX = 3;
/** How long such a dial may take: a host that is silent must not hold one of three places for long. */
export const MEMBER_DIAL_MS = 5_000;
/** Once the most needed neighbours are there, dials are so far apart, ± 50 %: meanwhile walks bring distant members. */
export const FILL_GAP_MS = 300;
/** Each refusal in a row doubles it up to this. */
export const FILL_GAP_MS_MAX = 3_000;
/** What a neighbour tells us of another node is followed after a random part of this: else both would dial at once. */
export const HINT_DELAY_MS = 200;
/** Once there are some neighbours, a neighbour's neighbours are dialled after a random part of this: others are better. */
export const NEAR_MS = 3_000;
/** Dials in a minute to nodes that one neighbour has named: it must not aim us at whom it likes. */
export const HINT_DIALS_MAX = 24;
export const HINT_DIALS_MS = 60_000;
/** Share of the unproven places that what one neighbour tells can take. */
export const TELLER_SHARE = 0.25;
/** Frames of this protocol that a neighbour may send in this time; what is beyond is counted and not read. */
export const MEMBER_FRAMES_MAX = 400;
export const MEMBER_FRAMES_MS = 10_000;
/** Newcomers whose walks a node begins in this time; further ones still get in. */
export const JOINS_MAX = 32;
export const JOINS_MS = 10_000;
/** An endpoint that could not be dialled is neither dialled nor told on for so long. */
export const UNDIALABLE_MS = 600_000;
export const UNDIALABLE_MAX = 256;
/** Nodes that the application has sent away. */
export const UNWANTED_MAX = 256;
/** A node that had no room is asked again between this and twice this. */
export const FULL_MS = 5_000;
/** Another refusal: between this and twice this. */
export const DENIED_MS = 30_000;
/** Members of the passive view that fail are dialled again after a second, then two, at most after this. */
export const PASSIVE_RETRY_MS_MAX = 60_000;
/** Neighbours of late that a node without any dials as often as lost ones. */
export const FAVOURED = 8;
/** How long a lost neighbour is dialled as often as that. */
export const LOST_MS = 600_000;
/** How long a node that failed ever since is kept while there are neighbours. */
export const PROVEN_LIFE_MS = 86_400_000;
/** Known peers that are kept for the next start. */
export const KNOWN_PEERS_MAX = 256;
/** A node without neighbours turns to the next known peer so often at most. */
export const RECALL_MS = 250;
/** A member that dials us has this much time before we dial it after a loss. */
export const PEERS_TURN_MS = 300;
/** A newcomer keeps its place at a full node for so long at least: enough to be introduced to others. */
export const INTRODUCTION_MS = 1_000;
/** Neighbours of its first minute that a node gives up for distant ones: those who join together know but each other. */
export const SWAPS = 5;
