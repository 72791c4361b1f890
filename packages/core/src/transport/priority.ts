/**
 * What goes first when a queue is not empty: a higher number. Within one link, a fixed share of the bandwidth stays
 * with the lower ones. Signed in the envelope and charged to its origin. The wire has room for 5 to 7, which are reserved.
 */
export type Priority = 0 | 1 | 2 | 3 | 4;

/** The levels by name. `routine` is the default. */
export const PRIORITY = Object.freeze({
  routine: 0,
  priority: 1,
  immediate: 2,
  flash: 3,
  critical: 4,
} as const);
