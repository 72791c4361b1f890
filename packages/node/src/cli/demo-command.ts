import type { DemoView } from '../demo/demo-view.js';
import { LineView } from '../demo/line-view.js';
import { LiveView } from '../demo/live-view.js';
import { runDemo } from '../demo/run-demo.js';
import { EXIT } from './outcome.js';

/** The flags of `yakmesh demo`. */
export interface DemoFlags {
  readonly nodes: number;
  /** Seconds. */
  readonly timeout: number;
  readonly once?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const MS_PER_SECOND = 1_000;

/** Runs the demo. The first signal ends it in order, the second at once. */
export async function runDemoCommand(flags: DemoFlags): Promise<void> {
  const interrupt = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) kill.abort();
    interrupt.abort();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, onSignal);
  try {
    const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
    const report = await runDemo({
      nodes: flags.nodes,
      timeoutMs: flags.timeout * MS_PER_SECOND,
      view: viewFor(flags),
      chat: flags.once === true ? undefined : { input: process.stdin, output: process.stdout, isTerminal },
      interrupt: interrupt.signal,
      kill: kill.signal,
    });
    if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    if (kill.signal.aborted) process.exitCode = EXIT.brokenOff;
    else if (!report.ok && !isWished(flags, interrupt.signal, report.steps)) process.exitCode = EXIT.failed;
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, onSignal);
  }
}

/** A person who ends the demo early has not made it fail, as long as it stops in order. */
function isWished(
  flags: DemoFlags,
  interrupt: AbortSignal,
  steps: readonly { readonly name: string; readonly ok: boolean }[],
): boolean {
  return flags.once !== true && interrupt.aborted && steps.some(({ name, ok }) => name === 'stop' && ok);
}

function viewFor({ json, once }: DemoFlags): DemoView {
  if (json === true) return new LineView((line) => void process.stderr.write(`${line}\n`));
  const isLive = process.stdout.isTTY && (process.stdin.isTTY || once === true);
  if (isLive) return new LiveView(process.stdout, process.env['NO_COLOR'] === undefined);
  return new LineView((line) => void process.stdout.write(`${line}\n`));
}
