/** Flags of the unsigned hop header of BLOCK and ENV: how a message travels on this link. A table that only grows; unknown bits are ignored. */
export const HopFlag = {
  /** It goes over every link. */
  FLOOD: 1,
  /** It answers a WANT. */
  REPAIR: 4,
} as const;
