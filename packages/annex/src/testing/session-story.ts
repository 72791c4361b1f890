import type { Random } from '@yakmesh/core/transport';
import { BULK_RECORD_BYTES, RECORD_BYTES_MAX } from '../record/padding.js';
import { CloseCode } from '../session/limits.js';
import { MESSAGE_STREAM } from '../session/streams.js';
import { patternOf, type SessionEnd, type SessionWorld } from './session-world.js';

/** What ways a session has, what a stream may have under way at first, and how long its large writes are. */
export interface StoryWays {
  readonly streamWindowBytes: number;
  readonly writeBytesMax: number;
  readonly recordBytesMax: (path: number) => number;
}

/** Ways over relays. */
export const RELAYED_WAYS: StoryWays = {
  streamWindowBytes: 65_536,
  writeBytesMax: 60_000,
  recordBytesMax: () => RECORD_BYTES_MAX,
};
/** Every other way leads to a neighbour and takes records for bulk, which large writes fill. */
export const MIXED_WAYS: StoryWays = {
  streamWindowBytes: 262_144,
  writeBytesMax: 250_000,
  recordBytesMax: (path) => (path % 2 === 0 ? BULK_RECORD_BYTES : RECORD_BYTES_MAX),
};
/** Things that happen in a story, and when the network turns good again. */
const STEPS_MAX = 60;
const STORM_MS = 8_000;
/** What a good network and every timer need to come to rest. */
const CALM_MS = 120_000;
const IDLE_MS = 300_000;

interface Written {
  readonly end: SessionEnd;
  readonly id: number;
  length: number;
  isEnded: boolean;
  isReset: boolean;
}

/** How a story went. */
export interface StoryReport {
  readonly problems: readonly string[];
  readonly records: number;
  readonly epochs: number;
  readonly bytes: number;
}

/**
 * A random story of two ends: streams, writes, datagrams, resets, ratchets, new paths, cuts and closes at any moment in a storm,
 * then calm. It is compared with what a perfect channel would have done.
 */
export async function sessionStory(
  world: SessionWorld,
  random: Random,
  writeBytesMax: number,
): Promise<StoryReport> {
  const written: Written[] = [];
  const sent = { initiator: new Set<string>(), responder: new Set<string>() };
  const ends = [world.initiator, world.responder] as const;
  for (const end of ends)
    written.push({ end, id: MESSAGE_STREAM, length: 0, isEnded: false, isReset: false });
  let closer: { end: SessionEnd; isGraceful: boolean } | undefined;
  let path = 0;
  const write = (target: Written): void => {
    const length = random.below(8) === 0 ? random.below(writeBytesMax) : random.below(800);
    const { end, id } = target;
    if (target.isEnded || target.isReset) return;
    if (!end.machine.write(id, patternOf(end.role, id, target.length, length))) return;
    target.length += length;
    world.pump(end);
  };
  const step = (): void => {
    const end = ends[random.below(2)] ?? world.initiator;
    if (!end.machine.isOpen) return;
    const own = written.filter((target) => target.end === end);
    const target = own[random.below(own.length)];
    const choice = random.below(24);
    if (choice < 3) open(end);
    else if (choice < 14 && target !== undefined) write(target);
    else if (choice === 14 && target !== undefined) finish(target);
    else if (choice === 15 && target !== undefined) reset(target);
    else if (choice < 19) datagram(end);
    else if (choice === 19) world.act(end, end.machine.ratchet(world.nowMs));
    else if (choice === 20)
      world.act(world.initiator, world.initiator.machine.openPath((path += 1), world.nowMs));
    else if (choice === 21) cut();
    else if (choice === 22 && random.below(8) === 0) close(end);
  };
  const open = (end: SessionEnd): void => {
    const id = end.machine.openStream(world.nowMs);
    if (id !== undefined) written.push({ end, id, length: 0, isEnded: false, isReset: false });
  };
  const finish = (target: Written): void => {
    if (target.id === MESSAGE_STREAM || target.isEnded || target.isReset) return;
    target.isEnded = target.end.machine.write(target.id, new Uint8Array(0), true);
    world.pump(target.end);
  };
  const reset = (target: Written): void => {
    if (target.id === MESSAGE_STREAM) return;
    target.end.machine.reset(target.id, 7);
    target.isReset = true;
    world.pump(target.end);
  };
  const datagram = (end: SessionEnd): void => {
    const bytes = random.bytes(1 + random.below(200));
    sent[end.role].add(bytes.join());
    world.act(end, end.machine.datagram(bytes));
  };
  const cut = (): void => {
    const last = path;
    world.cut.add(last);
    world.at(world.nowMs + random.below(3_000), () => world.cut.delete(last));
  };
  const close = (end: SessionEnd): void => {
    if (closer !== undefined) return;
    closer = { end, isGraceful: random.below(2) === 0 };
    const code = closer.isGraceful ? CloseCode.OK : CloseCode.ABORTED;
    world.act(end, end.machine.close(code, '', closer.isGraceful, world.nowMs));
  };
  for (let count = 10 + random.below(STEPS_MAX); count > 0; count -= 1)
    world.at(random.below(STORM_MS), step);
  await world.run(STORM_MS);
  world.weather = { loss: 0, duplication: 0, jitterMs: 1 };
  world.cut.clear();
  await world.run(STORM_MS + CALM_MS);
  // Both copies of CLOSE may be lost; then silence ends the other end.
  if (closer !== undefined) await world.run(STORM_MS + CALM_MS + IDLE_MS);
  judge(world, written, sent, closer);
  const bytes = written.reduce((sum, { length }) => sum + length, 0);
  const sum = (of: (end: SessionEnd) => number): number => of(world.initiator) + of(world.responder);
  return {
    problems: world.problems,
    records: sum((end) => end.records),
    epochs: sum((end) => end.epochs),
    bytes,
  };
}

function judge(
  world: SessionWorld,
  written: readonly Written[],
  sent: Readonly<Record<'initiator' | 'responder', ReadonlySet<string>>>,
  closer: { readonly end: SessionEnd; readonly isGraceful: boolean } | undefined,
): void {
  const { problems } = world;
  for (const { end, id, length, isEnded, isReset } of written) {
    const to = world.other(end);
    const arrived = to.received.get(id) ?? 0;
    if (arrived > length) problems.push(`${to.role}: stream ${id} has ${arrived} of ${length}`);
    if (isReset) continue;
    const mustArrive = closer === undefined || (closer.isGraceful && closer.end === end);
    if (mustArrive && arrived !== length)
      problems.push(`${to.role}: stream ${id} has ${arrived} of ${length}`);
    if (mustArrive && isEnded && !to.ended.has(id)) problems.push(`${to.role}: stream ${id} has no end`);
  }
  for (const end of [world.initiator, world.responder]) {
    const known = sent[world.other(end).role];
    if (new Set(end.datagrams).size !== end.datagrams.length)
      problems.push(`${end.role}: a datagram came twice`);
    if (!end.datagrams.every((bytes) => known.has(bytes)))
      problems.push(`${end.role}: a datagram was made up`);
    if (closer !== undefined && !end.isEnded) problems.push(`${end.role}: did not end`);
    if (closer === undefined && end.closes.length > 0)
      problems.push(`${end.role}: closed ${end.closes[0]?.code}`);
  }
}
