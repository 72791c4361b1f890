import { withAbort } from '@yakmesh/core/transport';
import { failed } from './failed.js';
import { freshToken, type Fleet } from './fleet.js';
import { lineBeside, LINE_NODES } from './line.js';
import { duration } from './text.js';

/** A second mesh whose nodes stand in a line: the first one reaches the last one, and hears that it did. */
export async function routing(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const { fleet: line, first, second, last } = await lineBeside(fleet, signal);
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
  if (isDirect) throw failed('the ends of the line are neighbours.');
  if (!acknowledged || via !== second.nodeId)
    throw failed(`the message went through ${via} and was not acknowledged.`);
  if (arrived.length !== 1 || arrived[0]?.node !== LINE_NODES || arrived[0].from !== first.nodeId)
    throw failed(`the message arrived ${arrived.length} times.`);
  return `a message crossed a line of ${LINE_NODES} nodes, whose ends know no way, and its acknowledgement came back: ${duration(tookMs)}`;
}
