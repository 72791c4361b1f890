import { systemClock } from '@yakmesh/core/transport';
import { badArgument } from './option-checks.js';

/** The caller's time, or the system's wall clock where none was given. @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for NaN or ±Infinity. */
export function wallTime(nowMs: number | undefined): number {
  if (nowMs === undefined) return systemClock.nowMs();
  if (Number.isFinite(nowMs)) return nowMs;
  return badArgument(`nowMs is milliseconds since 1970, not ${String(nowMs)}.`);
}
