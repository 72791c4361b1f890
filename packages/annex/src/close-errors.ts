import { AnnexError, type AnnexErrorCode } from './errors.js';
import { CloseCode } from './session/limits.js';

const CODES: Readonly<Record<number, readonly [code: AnnexErrorCode, text: string]>> = {
  [CloseCode.DENIED]: ['ANNEX_DENIED', 'The other end does not want us.'],
  [CloseCode.DUPLICATE]: ['ANNEX_DUPLICATE', 'Both ends opened at once, and the other session stays.'],
  [CloseCode.IDLE]: ['ANNEX_IDLE', 'Nothing was said for too long.'],
  [CloseCode.LIMIT]: ['ANNEX_LIMIT', 'A hard limit of the session was reached.'],
  [CloseCode.RATCHET]: [
    'ANNEX_RATCHET',
    'The keys could not be replaced; somebody may hold the present ones.',
  ],
  [CloseCode.PROTOCOL]: ['ANNEX_PROTOCOL', 'One end broke the protocol.'],
  [CloseCode.REPLACED]: ['ANNEX_REPLACED', 'The other end lost this session and opened a new one.'],
  [CloseCode.GONE]: ['ANNEX_TIMEOUT', 'The other end has not answered for too long.'],
};

/**
 * What the end of a session means for its application: undefined for an orderly one. `isWhole` says whether all that the other end sent by `send`
 * has come, its end included: without that, even an orderly CLOSE cut something off.
 */
export function closeError(
  code: number,
  reason: string,
  isRemote: boolean,
  isWhole: boolean,
): AnnexError | undefined {
  if (code === CloseCode.OK && isWhole) return undefined;
  const known = CODES[code];
  if (known !== undefined)
    return new AnnexError(known[0], reason === '' ? known[1] : `${known[1]} (${reason})`);
  const who = isRemote ? 'The other end' : 'This end';
  return new AnnexError('ANNEX_TRUNCATED', `${who} closed before everything had arrived.`);
}
