/** This machine's own addresses. */
export const LOOPBACK_BLOCKS: readonly string[] = Object.freeze(['127.0.0.0/8', '::1/128']);

/**
 * Networks that people run themselves: a home or an office is one subnet, and diversity there says nothing. A carrier's NAT (100.64.0.0/10)
 * is not among them, since strangers share it.
 */
export const LOCAL_BLOCKS: readonly string[] = Object.freeze([
  ...LOOPBACK_BLOCKS,
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
]);
