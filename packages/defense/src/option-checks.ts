import { DefenseArgumentError } from './errors.js';

/** Throws a DefenseArgumentError with DEFENSE_BAD_OPTION. */
export function badOption(message: string): never {
  throw new DefenseArgumentError('DEFENSE_BAD_OPTION', message);
}

/** Throws a DefenseArgumentError with DEFENSE_BAD_ARGUMENT. */
export function badArgument(message: string): never {
  throw new DefenseArgumentError('DEFENSE_BAD_ARGUMENT', message);
}

/** Throws DEFENSE_BAD_OPTION unless `options` is an object with no key but the known ones. */
export function refuseUnknownOptions(options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) badOption('Options are given as one object.');
  for (const key of Object.keys(options)) {
    if (!known.has(key)) badOption(`Unknown option "${key}"; known are ${[...known].join(', ')}.`);
  }
}

/** Returns `value`, or throws DEFENSE_BAD_OPTION unless it is a whole number from `least` to `most`. */
export function wholeOption(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  return badOption(`${name} is a whole number from ${least} to ${most}, not ${String(value)}.`);
}

/** Returns `value`, or throws DEFENSE_BAD_OPTION unless it is one of `choices`. */
export function choiceOption<Choice extends string>(
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value)) return value;
  return badOption(`${name} is one of ${choices.join(', ')}, not ${String(value)}.`);
}
