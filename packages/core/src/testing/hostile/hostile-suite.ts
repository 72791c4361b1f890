import { attacks } from './attacks/index.js';
import type { Attack } from './attack.js';
import type { HostileExpect, HostileRunner, HostileSubject } from './hostile-runner.js';
import { HostileWorld } from './hostile-world.js';
import { heldBytes, usedBytes } from './resources-node.js';

/** Attacks that the suite has at least. */
export const ATTACKS_MIN = 40;
/** Some attacks wait for a time limit of five seconds; on a busy machine one collection of the heap was seen to take thirty. */
const TIMEOUT_MS = 120_000;
/** Bytes that the process may hold more than before, once an attack is over: caches that fill, compiled code. */
const HELD_BYTES_GROWTH_MAX = 16 * 1_048_576;
/** A turn of the event loop that nothing holds up takes a millisecond. */
const TURN_MS_MAX = 500;
const TRAPS = ['H', 'M', 'D'].flatMap((kind) => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `${kind}${number}`));

/**
 * Registers attacks over real sockets, each named after the trap that it tries, against a node under the subject's guard. After each: the node
 * is up, what honest peers said meanwhile has arrived once, and sockets, memory and event loop are as before.
 */
export function hostileSuite({ test, expect }: HostileRunner, subject: HostileSubject): void {
  test(`${subject.name}: at least ${ATTACKS_MIN} attacks, and for each trap one`, async () => {
    expect(attacks.length).toBeGreaterThanOrEqual(ATTACKS_MIN);
    const tried: ReadonlySet<string> = new Set(attacks.map(({ trap }) => trap));
    expect(TRAPS.filter((trap) => !tried.has(trap))).toEqual([]);
    expect(new Set(attacks.map(({ title }) => title)).size).toBe(attacks.length);
  });
  for (const attack of attacks) {
    const name = `${subject.name}: ${attack.trap}: ${attack.title}`;
    test(name, () => perform(attack, subject, expect), TIMEOUT_MS);
  }
}

async function perform(attack: Attack, subject: HostileSubject, expect: HostileExpect): Promise<void> {
  const world = await HostileWorld.start(attack, subject);
  heldBefore ??= heldBytes();
  try {
    await attack.run(world, expect);
    world.puzzleBits = 0;
    await world.dropAttackers();
    expect(await world.talk.finish()).toEqual({ lost: 0, repeated: 0, failed: [], skipped: 0 });
    expect(world.areHonestLinked).toBe(true);
    expect(await turnMs()).toBeLessThanOrEqual(TURN_MS_MAX);
    expect(heldGrowth(attack)).toBeLessThanOrEqual(attack.heldBytesGrowthMax ?? HELD_BYTES_GROWTH_MAX);
    if (attack.isFullAfterwards !== true) expect(await world.newcomer()).toBe('no error');
  } finally {
    await world.stop();
  }
}

/** What was held after the last collection: a baseline for the attacks that follow. */
let heldBefore: number | undefined;

/** Bytes that are held more than at the baseline, at most: the heap is collected only where that tells too much. */
function heldGrowth({ heldBytesGrowthMax = HELD_BYTES_GROWTH_MAX }: Attack): number {
  const before = heldBefore ?? 0;
  const growth = usedBytes() - before;
  if (growth <= heldBytesGrowthMax) return growth;
  heldBefore = heldBytes();
  return heldBefore - before;
}

/** How long the event loop takes to come back to us. */
async function turnMs(): Promise<number> {
  const sinceMs = performance.now();
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  return performance.now() - sinceMs;
}
