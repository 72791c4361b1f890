/** Work eight times as long may take this many times as long; a quadratic algorithm takes 64 times. */
const RATIO_MAX = 32;
/** Shorter times are noise, and count as this. */
const SHORT_MS_MIN = 0.5;
/** The best of so many: the collector of garbage may run during all but one. */
const ROUNDS = 15;

/** Whether `long`, the same work as `short` on eight times the input, takes time in proportion. */
export function isLinear(short: () => unknown, long: () => unknown): boolean {
  let shortMs = Infinity;
  let longMs = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    shortMs = Math.min(shortMs, timeMs(short));
    longMs = Math.min(longMs, timeMs(long));
    // The first rounds compile the code.
    if (round >= 2 && longMs <= RATIO_MAX * Math.max(shortMs, SHORT_MS_MIN)) return true;
  }
  return false;
}

/** The process's own time: the clock on the wall runs on while another process has the processor. */
function timeMs(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}
