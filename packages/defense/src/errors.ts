import { CodedError } from '@yakmesh/core/transport';

/** Why {@link SafeJsonParser} refused a text. A result of `parse`, never thrown. */
export type JsonRefusalCode =
  | 'JSON_BAD_INPUT'
  | 'JSON_DANGEROUS_KEY'
  | 'JSON_DUPLICATE_KEY'
  | 'JSON_LONE_SURROGATE'
  | 'JSON_NOT_UTF8'
  | 'JSON_NUMBER_RANGE'
  | 'JSON_SYNTAX'
  | 'JSON_TOO_DEEP'
  | 'JSON_TOO_LARGE'
  | 'JSON_TOO_LONG'
  | 'JSON_TOO_MANY';

/** Why {@link MessageValidator} refused a message. A result of `validateRaw` and `validateStructure`, never thrown. */
export type MessageRefusalCode =
  | 'MESSAGE_BAD_INPUT'
  | 'MESSAGE_BAD_STRUCTURE'
  | 'MESSAGE_DANGEROUS_KEY'
  | 'MESSAGE_NOT_PLAIN'
  | 'MESSAGE_TOO_DEEP'
  | 'MESSAGE_TOO_LARGE'
  | 'MESSAGE_TOO_LONG'
  | 'MESSAGE_TOO_MANY'
  | 'MESSAGE_UNKNOWN_TYPE';

/** Why {@link NAVR.solve} rejects. */
export type NavrErrorCode = 'NAVR_BAD_CHALLENGE' | 'NAVR_CLOSED' | 'NAVR_OTHER_PEER' | 'NAVR_TOO_HARD';

/** Codes of operations of this package that failed. */
export type DefenseErrorCode = JsonRefusalCode | MessageRefusalCode | NavrErrorCode;

/** An operation of this package that failed; `code` says why and stays the same between versions. */
export class DefenseError extends CodedError<DefenseErrorCode> {
  override readonly name = 'DefenseError';
}

/** A caller's mistake: an option or argument that cannot be used. The message says what to give instead. */
export class DefenseArgumentError extends TypeError {
  override readonly name = 'DefenseArgumentError';
  readonly code: 'DEFENSE_BAD_OPTION' | 'DEFENSE_BAD_ARGUMENT';

  constructor(code: 'DEFENSE_BAD_OPTION' | 'DEFENSE_BAD_ARGUMENT', message: string) {
    super(message);
    this.code = code;
  }
}
