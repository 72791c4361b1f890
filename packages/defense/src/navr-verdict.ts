/** Why a solution is refused. A result, never thrown. */
export type NavrRefusalCode =
  | 'NAVR_BAD_CHALLENGE'
  | 'NAVR_BAD_SOLUTION'
  | 'NAVR_EXPIRED'
  | 'NAVR_NOT_OURS'
  | 'NAVR_OTHER_PEER'
  | 'NAVR_OTHER_SCOPE'
  | 'NAVR_USED';

/** The solution is accepted. */
export interface NavrAcceptance {
  readonly valid: true;
  readonly code?: undefined;
  readonly reason?: undefined;
}

/** It is refused; `reason` is one sentence for people and quotes nothing that the peer sent. */
export interface NavrRefusal {
  readonly valid: false;
  readonly code: NavrRefusalCode;
  readonly reason: string;
}

/** What {@link NAVR.explain} answers. */
export type NavrVerdict = NavrAcceptance | NavrRefusal;

const REASONS: Readonly<Record<NavrRefusalCode, string>> = {
  NAVR_BAD_CHALLENGE: 'It is no challenge.',
  NAVR_BAD_SOLUTION: 'The solution does not fit the challenge.',
  NAVR_EXPIRED: 'The challenge was made neither in this minute nor in the last.',
  NAVR_NOT_OURS: 'The challenge was not made here, or what it says was changed.',
  NAVR_OTHER_PEER: 'The challenge was made for another peer.',
  NAVR_OTHER_SCOPE: 'The challenge was made for another address.',
  NAVR_USED: 'The challenge was used before.',
};

const ACCEPTED: NavrAcceptance = Object.freeze({ valid: true });

/** The verdict for a code, or acceptance where there is none. */
export function navrVerdict(code: NavrRefusalCode | undefined): NavrVerdict {
  return code === undefined ? ACCEPTED : { valid: false, code, reason: REASONS[code] };
}
