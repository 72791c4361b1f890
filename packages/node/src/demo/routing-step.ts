import { withAbort } from '@yakmesh/core/transport';
import { NodeError } from '../errors.js';
import { freshToken, type Fleet } from './fleet.js';
import { connect } from './meeting.js';
import { duration } from './text.js';

/** Nodes of the line: a message crosses four links, three of them between nodes that neither end knows. */
const LINE = 5;
/** Nobody has room for more than the one before and the one behind. */
const LINE_PEERS = 2;

/** A second mesh whose nodes stand in a line: the first one reaches the last one, and hears that it did. */
export async function routing(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const line = fleet.beside(LINE, LINE_PEERS);
  try {
    await withAbort(signal, line.start());
    for (const [index, { process }] of line.members.entries()) {
      const before = line.members[index - 1];
      if (before !== undefined) await connect(process, `${before.endpoint}#${before.nodeId}`, signal);
    }
    return await cross(line, signal);
  } finally {
    await line.kill();
  }
}

async function cross(line: Fleet, signal: AbortSignal): Promise<string> {
  const [first, second] = line.members;
  const last = line.members.at(-1);
  if (first === undefined || second === undefined || last === undefined)
    throw new NodeError('DEMO_FAILED', 'the line has not started.');
  const token = freshToken();
  line.deliveries.expect(token);
  const startedMs = performance.now();
  const sent = first.process.call('send', { to: last.nodeId, token, text: 'along the line', ack: true });
  const { via, acknowledged } = await withAbort(signal, sent);
  const tookMs = performance.now() - startedMs;
  const arrived = line.deliveries.of(token);
  const isDirect = (await first.process.call('status', {})).peers.some(
    ({ nodeId }) => nodeId === last.nodeId,
  );
  if (isDirect) throw new NodeError('DEMO_FAILED', 'the ends of the line are neighbours.');
  if (!acknowledged || via !== second.nodeId)
    throw new NodeError('DEMO_FAILED', `the message went through ${via} and was not acknowledged.`);
  if (arrived.length !== 1 || arrived[0]?.node !== LINE || arrived[0].from !== first.nodeId)
    throw new NodeError('DEMO_FAILED', `the message arrived ${arrived.length} times.`);
  return `a message crossed a line of ${LINE} nodes, whose ends know no way, and its acknowledgement came back: ${duration(tookMs)}`;
}
