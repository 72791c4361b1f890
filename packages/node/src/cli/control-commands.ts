import type { PeerInfo } from '@yakmesh/core';
import { isNodeId } from '@yakmesh/crypto';
import { SafeJsonParser, type JsonValue } from '@yakmesh/defense';
import { resolveSettings } from '../config/resolve-settings.js';
import { callNode, type CallOptions, type ControlPlace } from '../control/control-client.js';
import type {
  ControlMethod,
  ControlMethods,
  HeardMessage,
  ListeningEvent,
  NodeStatus,
} from '../control/control-protocol.js';
import { duration, shown } from '../demo/text.js';
import { NodeError } from '../errors.js';
import { PLACE_KEYS } from './settings-flags.js';

/** The flags of the commands that talk to a running node. */
export interface ControlFlags extends Readonly<Record<string, unknown>> {
  readonly json?: boolean | undefined;
}

/** The flags of `yakmesh send`. */
export interface SendFlags extends ControlFlags {
  readonly all?: boolean | undefined;
  readonly ack?: boolean | undefined;
  /** 'text' or 'json'. */
  readonly format: string;
}

/** The flags of `yakmesh put`. */
export interface PutFlags extends ControlFlags {
  /** 'text' or 'json'. */
  readonly format: string;
}

/** The flags of `yakmesh listen`. */
export interface ListenFlags extends ControlFlags {
  /** Messages after which it ends. */
  readonly count?: number | undefined;
}

const BYTES_PER_MEGABYTE = 1_000_000;

/** `yakmesh join` */
export async function runJoin(endpoint: string, flags: ControlFlags): Promise<void> {
  const joined = await ask(flags, 'join', { endpoint });
  print(flags, joined, () => [`joined ${joined.nodeId}`]);
}

/** `yakmesh peers` */
export async function runPeers(flags: ControlFlags): Promise<void> {
  const peers = await ask(flags, 'peers', {});
  print(flags, peers, () => (peers.length === 0 ? ['no peers'] : peers.map(peerLine)));
}

/** `yakmesh send` */
export async function runSend(words: readonly string[], flags: SendFlags): Promise<void> {
  const [to, message] = flags.all === true ? [undefined, words[0]] : words;
  if (to !== undefined && !isNodeId(to))
    throw new NodeError(
      'NODE_CONTROL_BAD_REQUEST',
      `${shown(to)} is no node id: it is yak1… with 62 characters.`,
    );
  const payload = valueOf(message ?? '', flags.format);
  const sent = await ask(flags, 'send', { to, payload, ack: flags.ack });
  const where =
    to === undefined ? `to ${sent.peersSent} neighbours` : `to ${to} through ${sent.via ?? 'nobody'}`;
  const skipped = sent.skipped.length === 0 ? '' : `; ${sent.skipped.length} left out`;
  const end = sent.acknowledged ? ', acknowledged' : '';
  print(flags, sent, () => [`sent ${sent.id} ${where}${skipped}${end}`]);
}

/** `yakmesh put` */
export async function runPut(collection: string, key: string, text: string, flags: PutFlags): Promise<void> {
  const value = valueOf(text, flags.format);
  const written = await ask(flags, 'put', { collection, key, value });
  print(flags, written, () => [`wrote ${written.id}, sent to ${written.peersSent} neighbours`]);
}

/** `yakmesh get` */
export async function runGet(collection: string, key: string, flags: ControlFlags): Promise<void> {
  const record = await ask(flags, 'get', { collection, key });
  if (record === null)
    throw new NodeError('NODE_NO_RECORD', `The node holds no record ${shown(key)} of ${shown(collection)}.`);
  const { value, author } = record;
  print(flags, record, () => [`${author}  ${shown(wordsOf(value))}`]);
}

/** `yakmesh listen` */
export async function runListen(flags: ListenFlags): Promise<void> {
  const enough = new AbortController();
  const { count = Infinity } = flags;
  let heard = 0;
  const onEvent = (event: unknown): void => {
    if (heard >= count) return;
    const message = event as HeardMessage | ListeningEvent;
    if (message.kind === 'listening') {
      process.stderr.write('listening; Ctrl-C ends it\n');
      return;
    }
    heard += 1;
    print(flags, message, () => [heardLine(message)]);
    if (heard >= count) enough.abort();
  };
  try {
    await ask(flags, 'listen', {}, { timeoutMs: Infinity, signal: enough.signal, onEvent });
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
}

/** `yakmesh status` */
export async function runStatus(flags: ControlFlags): Promise<void> {
  const status = await ask(flags, 'status', {});
  print(flags, status, () => statusLines(status));
}

/** `yakmesh stop` */
export async function runStop(flags: ControlFlags): Promise<void> {
  const stopped = await ask(flags, 'stop', {});
  print(flags, stopped, () => ['stopped']);
}

async function ask<Method extends ControlMethod>(
  flags: ControlFlags,
  method: Method,
  params: ControlMethods[Method]['params'],
  options: CallOptions = {},
): Promise<ControlMethods[Method]['result']> {
  const { settings } = await resolveSettings({ flags, env: process.env, wanted: PLACE_KEYS });
  const { dataDir, controlPath }: ControlPlace = settings;
  return callNode({ dataDir, controlPath }, method, params, options);
}

function print(flags: ControlFlags, value: unknown, lines: () => readonly string[]): void {
  const text = flags.json === true ? JSON.stringify(value) : lines().join('\n');
  process.stdout.write(`${text}\n`);
}

function valueOf(text: string, format: string): JsonValue {
  if (format !== 'json') return text;
  const { success, data, error } = new SafeJsonParser().parse(text);
  if (!success) throw new NodeError('NODE_CONTROL_BAD_REQUEST', `It is not JSON: ${error}`);
  return data;
}

function wordsOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function peerLine({ nodeId, direction, rttMs, address, endpoint }: PeerInfo): string {
  const rtt = rttMs === undefined ? '–' : duration(rttMs);
  return `${nodeId}  ${direction.padEnd(8)}  ${rtt.padStart(8)}  ${shown(endpoint ?? address ?? '')}`.trimEnd();
}

function heardLine({ kind, from, payload, dropped = 0 }: HeardMessage): string {
  const text = shown(wordsOf(payload));
  const before = dropped === 0 ? '' : `(${dropped} messages were left out)\n`;
  return `${before}${from}  ${kind.padEnd(9)}  ${text}`;
}

function statusLines(status: NodeStatus): string[] {
  const { nodeId, version, pid, uptimeMs, endpoint, networkId, dataDir, peers, maxPeers, joins } = status;
  const rows: readonly (readonly [string, string])[] = [
    ['node', nodeId],
    ['version', `${version}, process ${pid}, up ${duration(uptimeMs)}`],
    ['endpoint', endpoint],
    ['network', networkId ?? '(no name)'],
    ['data', dataDir],
    ['peers', `${peers} of ${maxPeers}`],
    ['records', String(status.records.size)],
    ['memory', `${Math.round(status.memoryBytes / BYTES_PER_MEGABYTE)} MB`],
    ...joins.map(({ endpoint: to, state, code }): readonly [string, string] => [
      'join',
      `${shown(to)}  ${state}${code === undefined ? '' : ` (${code})`}`,
    ]),
  ];
  const counts = Object.entries(status.counters).map(
    ([name, count]) => `  ${shown(name).padEnd(32)}  ${count}`,
  );
  return [
    ...rows.map(([name, text]) => `${name.padEnd(10)}${text}`),
    ...(counts.length > 0 ? ['counters', ...counts] : []),
  ];
}
