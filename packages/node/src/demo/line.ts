import { withAbort } from '@yakmesh/core/transport';
import { failed } from './failed.js';
import type { Fleet, Member } from './fleet.js';
import { connect } from './meeting.js';

/** Nodes of the line: what one end says to the other crosses four links, three of them between nodes that neither end knows. */
export const LINE_NODES = 5;
/** Nobody has room for more than the one before and the one behind; ends with more room would meet, and the line be a ring. */
const roomInLine = (number: number): number => (number === 1 || number === LINE_NODES ? 1 : 2);

/** A second mesh beside the first: its ends reach each other through the others alone. */
export interface Line {
  readonly fleet: Fleet;
  readonly first: Member;
  /** The first one's only neighbour. */
  readonly second: Member;
  readonly last: Member;
}

/** The demo's line, which starts when a step needs it for the first time and lasts until it is killed. */
export async function lineBeside(fleet: Fleet, signal: AbortSignal): Promise<Line> {
  const line = fleet.beside('line', LINE_NODES, roomInLine);
  if (line.members.length === 0) await standInLine(line, signal);
  const [first, second] = line.members;
  const last = line.members.at(-1);
  if (first === undefined || second === undefined || last === undefined)
    throw failed('the line has not started.');
  return { fleet: line, first, second, last };
}

async function standInLine(line: Fleet, signal: AbortSignal): Promise<void> {
  await withAbort(signal, line.start());
  for (const [index, { process }] of line.members.entries()) {
    const before = line.members[index - 1];
    if (before !== undefined) await connect(process, `${before.endpoint}#${before.nodeId}`, signal);
  }
}
