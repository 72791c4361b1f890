/** Bits of the flags in the hop header of BLOCK and ENV: unsigned, written anew by each node; unknown ones are ignored. */
export const HopFlag = {
  /** Of broadcasts: it goes over every link. */
  FLOOD: 1,
  /** Of direct messages: the sender has taken up the way back to the origin, at the distance that the ttl tells. */
  ADOPTED: 2,
  /** Of broadcasts: it answers a WANT. */
  REPAIR: 4,
  /** Of direct messages: the origin wants an acknowledgement. */
  ACK_WANTED: 8,
} as const;
