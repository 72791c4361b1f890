import { AnnexChannel, AnnexListener } from '@yakmesh/annex';
import { MessageTypes, type MeshMessage } from '@yakmesh/core';
import { codeOf } from '@yakmesh/core/transport';
import type { NodeId } from '@yakmesh/crypto';
import { createNode, type YakmeshNode } from '../create-node.js';
import type { Arrival, CallMessage, CallName, DemoMessage, NodeCalls, WorkerMessage } from './messages.js';
import { Wiretap } from './wiretap.js';

/** How long an orphaned node may take to stop before it ends the hard way. */
const ORPHAN_STOP_MS_MAX = 3_000;
/** The channel to the demo, which is closed last; everything else must be gone once the node has stopped. */
const CHANNEL_RESOURCES: ReadonlySet<string> = new Set(['PipeWrap']);

type Handlers = {
  readonly [Name in CallName]: (request: NodeCalls[Name]['request']) => Promise<NodeCalls[Name]['reply']>;
};

/** Makes this process a node that does what the demo asks, until it is asked to stop or the demo is gone. */
export function serveNode(): void {
  let node: YakmeshNode | undefined;
  let starting: Promise<unknown> | undefined;
  let isStopping = false;
  let tap: Wiretap | undefined;
  const running = (): YakmeshNode => {
    if (node === undefined) throw new Error('The node was not started.');
    return node;
  };
  const start = async (request: NodeCalls['start']['request']): Promise<NodeCalls['start']['reply']> => {
    const loopback = { wsPort: 0, host: '127.0.0.1', publicHost: '127.0.0.1' };
    // So that an attacker can come from elsewhere: what passes for a proxy here may say for whom it speaks.
    const defense = { rateLimiter: { trustedProxies: ['127.0.0.1/32'] } };
    node = await createNode({ mesh: { ...loopback, ...request }, defense });
    if (isStopping) throw new Error('The node was stopped before it had started.');
    node.mesh.on(MessageTypes.GOSSIP, (message, _link, from) => report('gossip', message, from));
    node.mesh.on('message', (message: MeshMessage, _link: unknown, from: NodeId) =>
      report('direct', message, from),
    );
    await node.start();
    return { nodeId: node.identity.nodeId, endpoint: node.mesh.getPublicEndpoint() };
  };
  const stop = async (): Promise<void> => {
    isStopping = true;
    await node?.stop();
    // A start that was under way ends by noticing it; what it made meanwhile is stopped too.
    await starting?.catch(() => undefined);
    await node?.stop();
  };
  const handlers: Handlers = {
    start: (request) => {
      const started = start(request);
      starting = started;
      return started;
    },
    connect: async ({ endpoint }) => {
      const { nodeId } = await running().mesh.connect(endpoint);
      return { nodeId };
    },
    status: async () => ({
      peers: running()
        .mesh.getPeers()
        .map(({ nodeId, rttMs }) => ({ nodeId, rttMs })),
    }),
    broadcast: async ({ token, text }) => {
      const { peersSent } = await running().mesh.broadcast(demoMessage(token, text));
      return { peersSent };
    },
    send: async ({ to, token, text, ack }) => {
      const { via, acknowledged } = await running().mesh.sendTo(to, demoMessage(token, text), { ack });
      return { via, acknowledged };
    },
    replicate: async ({ key, text }) => {
      await running().mesh.replicate({ collection: 'yakmesh-demo', key, value: text });
      return {};
    },
    records: async () => {
      const { size, fingerprint } = running().mesh.records;
      return { size, fingerprint };
    },
    wiretap: async () => {
      tap ??= new Wiretap();
      return {};
    },
    captured: async ({ words }) => {
      if (tap === undefined) throw new Error('Nothing was tapped.');
      return tap.take(words);
    },
    answerPrivately: async () => {
      const { identity, mesh } = running();
      new AnnexListener(identity, mesh).on('channel', (channel) => {
        channel.on('message', (value) => {
          if (typeof value === 'string') void channel.send(value.toUpperCase());
        });
      });
      return {};
    },
    talkPrivately: async ({ to, text }) => {
      const { identity, mesh } = running();
      const startedMs = performance.now();
      const channel = await new AnnexChannel(identity, to).establish(mesh);
      const openedMs = performance.now() - startedMs;
      await channel.send(text);
      for await (const value of channel) return { answer: typeof value === 'string' ? value : '', openedMs };
      throw new Error('The channel ended without an answer.');
    },
    stop: async () => {
      await stop();
      await new Promise((resolve) => setImmediate(resolve)); // Handles close in the turn after their close().
      const resources = process.getActiveResourcesInfo().filter((each) => !CHANNEL_RESOURCES.has(each));
      return { resources };
    },
  };

  process.on('message', (call: CallMessage) => void answer(handlers, call));
  process.on('disconnect', () => {
    // After a stop this changes nothing. Else the demo is dead, however that came about.
    const timer = setTimeout(() => process.exit(1), ORPHAN_STOP_MS_MAX);
    timer.unref();
    void stop();
  });
}

async function answer(handlers: Handlers, { id, name, request }: CallMessage): Promise<void> {
  const handler = handlers[name] as (request: unknown) => Promise<NodeCalls[CallName]['reply']>;
  try {
    tell({ type: 'reply', id, reply: await handler(request) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ type: 'failure', id, code: codeOf(error) ?? 'UNEXPECTED', message });
  }
  // With the channel closed nothing may keep this process alive: it must end by itself.
  if (name === 'stop' && process.connected) process.disconnect();
}

function demoMessage(token: string, text: string): DemoMessage {
  return { type: 'yakmesh-demo', token, text, sentMs: wallMs() };
}

function report(kind: Arrival['kind'], { payload }: MeshMessage, from: NodeId): void {
  const { token, text, sentMs } = payload as DemoMessage;
  tell({ type: 'arrival', arrival: { kind, from, token, text, ms: Math.max(0, wallMs() - sentMs) } });
}

/** The wall clock with fractions of a millisecond. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}
