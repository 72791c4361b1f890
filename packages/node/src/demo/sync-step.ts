import { delay, systemClock, withAbort } from '@yakmesh/core/transport';
import { failed } from './failed.js';
import type { Fleet, Member } from './fleet.js';
import { connect } from './meeting.js';
import { duration } from './text.js';

/** Records that each node writes. */
const RECORDS_EACH = 4;
const LOOK_MS = 20;

/** Every node writes records; then a node that was not there starts, meets one of them, and has them all. */
export async function sync(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const writers = [...fleet.members];
  const written = writers.flatMap(({ number, process }) =>
    Array.from({ length: RECORDS_EACH }, (_, index) =>
      process.call('replicate', {
        key: `node ${number}, record ${index}`,
        text: `written by node ${number}`,
      }),
    ),
  );
  await withAbort(signal, Promise.all(written));
  await same(writers, written.length, signal);
  const late = await withAbort(signal, fleet.enlarge());
  const contact = writers.at(-1);
  if (contact === undefined) throw failed('No node has started.');
  const startedMs = performance.now();
  await connect(late.process, `${contact.endpoint}#${contact.nodeId}`, signal);
  await same([contact, late], written.length, signal);
  const took = duration(performance.now() - startedMs);
  return `${written.length} records of ${writers.length} nodes; node ${late.number}, which was not there, had them all ${took} after its first dial`;
}

/** Waits until all keep so many records, and the same ones. */
async function same(members: readonly Member[], size: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const kept = await withAbort(
      signal,
      Promise.all(members.map(({ process }) => process.call('records', {}))),
    );
    const fingerprints = new Set(kept.map(({ fingerprint }) => fingerprint));
    if (kept.every((one) => one.size === size) && fingerprints.size === 1) return;
    await delay(systemClock, LOOK_MS, signal);
  }
}
