import { DefenseArgumentError } from './errors.js';

/** The range of an option that is a whole number. */
export interface WholeNumberRange {
  /** Smallest value taken. */
  readonly min: number;
  /** Largest value taken. */
  readonly max: number;
}

/** @throws DefenseArgumentError DEFENSE_BAD_OPTION unless it is an object with none but these keys. */
export function refuseUnknownOptions(options: object, known: readonly string[], owner: string): void {
  if (typeof options !== 'object' || options === null)
    throw new DefenseArgumentError('DEFENSE_BAD_OPTION', `${owner} takes an object of options.`);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const message = `${owner} has no option '${key}'; it takes ${known.join(', ')}.`;
    throw new DefenseArgumentError('DEFENSE_BAD_OPTION', message);
  }
}

/** The value, or its default where it is undefined. @throws DefenseArgumentError DEFENSE_BAD_OPTION outside the range. */
export function wholeNumberOption(
  name: string,
  value: number | undefined,
  fallback: number,
  { min, max }: WholeNumberRange,
): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const message = `${name} must be a whole number from ${min} to ${max}, not ${String(value)}.`;
  throw new DefenseArgumentError('DEFENSE_BAD_OPTION', message);
}
