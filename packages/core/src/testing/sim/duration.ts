const UNITS_MS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?) ?(ms|s|min|h)$/;

/** Milliseconds as a number, or as `'250 ms'`, `'1.5 s'`, `'2 min'`, `'1 h'`. */
export type Duration = number | `${number} ${keyof typeof UNITS_MS}`;

/** @throws RangeError for what is no length of time. */
export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number' && duration >= 0) return duration;
  const match = typeof duration === 'string' ? PATTERN.exec(duration) : null;
  const unit = match?.[2] as keyof typeof UNITS_MS | undefined;
  if (match === null || unit === undefined)
    throw new RangeError(`a duration is a number of milliseconds or as '1.5 s', not ${String(duration)}`);
  return Number(match[1]) * UNITS_MS[unit];
}
