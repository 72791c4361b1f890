import { delay, systemClock } from '@yakmesh/core/transport';

const LOOK_MS = 100;
/** A machine of two processors runs thirty nodes that sign and verify in JavaScript. */
const LIMIT_MS = 60_000;

/** Looks again and again until what it sees is as wanted, and answers it; rejects with what is missing once that takes too long. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  isWanted: (seen: T) => boolean,
  describe: (seen: T) => string = String,
): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    if (performance.now() > endMs) throw new Error(`after ${LIMIT_MS} ms: ${describe(seen)}`);
    await delay(systemClock, LOOK_MS);
  }
}
