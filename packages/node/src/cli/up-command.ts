import { systemClock } from '@yakmesh/core/transport';
import { resolveSettings } from '../config/resolve-settings.js';
import type { Settings } from '../config/settings.js';
import { NodeError } from '../errors.js';
import { openLog, type NodeLog } from '../log/node-log.js';
import { packageVersion } from '../package-place.js';
import { RunningNode } from '../running/running-node.js';
import { passphraseOf } from './id-command.js';
import { EXIT, failureLines } from './outcome.js';
import { takePassphrase } from './passphrase.js';

/** The flags of `yakmesh up`, settings among them. */
export interface UpFlags extends Readonly<Record<string, unknown>> {
  /** False with --no-passphrase. */
  readonly passphrase: boolean;
}

const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** A stop takes milliseconds; one that hangs must not keep a service manager waiting. */
const NODE_STOP_MS_MAX = 15_000;

/** Runs a node until it is told to stop: by a signal, or over the control socket. The second signal ends it at once. */
export async function runUp(flags: UpFlags): Promise<void> {
  const given = takePassphrase(process.env);
  const { settings, warnings, file } = await resolveSettings({ flags, env: process.env });
  const log = openLog({ level: settings.logLevel, isPretty: isPretty(settings) });
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interrupt.signal.aborted) process.exit(EXIT.brokenOff);
    log.info({ signal }, 'The node is asked to stop; a second signal ends it at once.');
    interrupt.abort();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, onSignal);
  try {
    for (const warning of warnings) log.warn({}, warning);
    log.debug({ file }, 'The configuration was read.');
    const passphrase = (): Promise<string | undefined> => passphraseOf(settings.identityFile, given, flags);
    const node = await RunningNode.start({ settings, log, passphrase });
    const { nodeId, endpoint } = node;
    log.info({ nodeId, endpoint, pid: process.pid, version: packageVersion() }, 'The node is up.');
    await ended(node, interrupt.signal, log);
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, onSignal);
    await log.end();
  }
}

async function ended(node: RunningNode, interrupt: AbortSignal, log: NodeLog): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([interrupted, node.stopAsked]);
  const timer = systemClock.setTimer(NODE_STOP_MS_MAX, () => {
    const message = `The node has not stopped within ${NODE_STOP_MS_MAX} ms, and is ended.`;
    process.stderr.write(failureLines(new NodeError('NODE_STOP_TIMEOUT', message)));
    process.exit(EXIT.failed);
  });
  try {
    await node.stop();
    log.info({}, 'The node has stopped.');
    await node.end();
  } finally {
    systemClock.clearTimer(timer);
  }
}

function isPretty({ logFormat }: Settings): boolean {
  return logFormat === 'pretty' || (logFormat === 'auto' && process.stdout.isTTY);
}
