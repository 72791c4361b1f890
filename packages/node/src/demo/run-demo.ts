import { codeOf, combineSignals, delay, systemClock, withAbort } from '@yakmesh/core/transport';
import { chat, type ChatStreams } from './chat.js';
import type { DemoView, StepResult } from './demo-view.js';
import { Fleet } from './fleet.js';
import { limited, STOP, TOUR, type Step } from './steps.js';

/** How often the view gets fresh numbers. */
const STATUS_MS = 150;
/** A node that answers later hangs: the table goes without it. */
const STATUS_MS_MAX = 2_000;
/** Stopping takes a few milliseconds; a node that needs longer hangs, and is killed. */
const STOP_MS_MAX = 10_000;

/** How to run the demo. */
export interface DemoOptions {
  readonly nodes: number;
  /** For all steps but the last together. */
  readonly timeoutMs: number;
  readonly view: DemoView;
  /** Where a person types once the tour is over; without it the demo ends there. */
  readonly chat?: ChatStreams | undefined;
  /** Ends the demo in order. */
  readonly interrupt: AbortSignal;
  /** Ends the nodes' processes at once. */
  readonly kill: AbortSignal;
}

/** What the demo saw. */
export interface DemoReport {
  readonly ok: boolean;
  readonly steps: readonly StepResult[];
}

/** Runs the demo from the first process to the last. No process is left behind, whatever happens. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { view, interrupt, kill } = options;
  const fleet = new Fleet(options.nodes);
  const steps: StepResult[] = [];
  const killAll = (): void => void fleet.kill();
  kill.addEventListener('abort', killAll, { once: true });
  try {
    const isWhole = await tour(fleet, options, steps);
    if (isWhole && options.chat !== undefined) {
      view.release();
      await chat(fleet, options.chat, interrupt);
    }
    // Whoever interrupts wants an orderly end; after a failure there may be nobody left to stop.
    if (isWhole || interrupt.aborted) steps.push(await stopAll(fleet, view));
  } finally {
    kill.removeEventListener('abort', killAll);
    await fleet.kill();
  }
  for (const { name } of [...TOUR, STOP].filter((step) => !steps.some((done) => done.name === step.name))) {
    const cause = steps.find(({ ok }) => !ok)?.name ?? 'an earlier step';
    const what = name === STOP.name ? 'the processes were killed' : 'skipped';
    const result = { name, ok: false, ms: 0, detail: `${what}, because ${cause} failed` };
    view.finished(result);
    steps.push(result);
  }
  // In their order, also where an interruption left out some.
  const order = [...TOUR, STOP].map(({ name }) => name);
  steps.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return { ok: steps.every(({ ok }) => ok), steps };
}

/** True if every step went well. */
async function tour(fleet: Fleet, options: DemoOptions, steps: StepResult[]): Promise<boolean> {
  const { view, interrupt, timeoutMs } = options;
  const limit = limited(interrupt, timeoutMs);
  const watching = new AbortController();
  const watch = watchFleet(fleet, view, watching.signal);
  try {
    for (const step of TOUR) {
      const result = await runStep(step, fleet, view, limit.signal);
      steps.push(result);
      if (!result.ok) return false;
    }
    return true;
  } finally {
    limit.dispose();
    watching.abort();
    await watch;
  }
}

async function stopAll(fleet: Fleet, view: DemoView): Promise<StepResult> {
  const limit = limited(new AbortController().signal, STOP_MS_MAX);
  try {
    return await runStep(STOP, fleet, view, limit.signal);
  } finally {
    limit.dispose();
  }
}

async function runStep(step: Step, fleet: Fleet, view: DemoView, signal: AbortSignal): Promise<StepResult> {
  const { name } = step;
  const startedMs = performance.now();
  view.began(name);
  const outcome = await step.run(fleet, signal).then(
    (detail) => ({ ok: true, detail }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, detail: `${codeOf(error) ?? 'UNEXPECTED'}: ${message}` };
    },
  );
  const result = {
    name,
    ok: outcome.ok,
    ms: Math.round(performance.now() - startedMs),
    detail: outcome.detail,
  };
  view.finished(result);
  return result;
}

/** Keeps the view up to date until the signal; the last numbers come after it. */
async function watchFleet(fleet: Fleet, view: DemoView, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await show(fleet, view);
    await delay(systemClock, STATUS_MS, signal).catch(() => undefined);
  }
  await show(fleet, view);
}

async function show(fleet: Fleet, view: DemoView): Promise<void> {
  const limit = combineSignals(STATUS_MS_MAX);
  try {
    view.status(await withAbort(limit.signal, fleet.status()));
  } catch {
    // A node that has died or hangs is the step's affair, not the table's.
  } finally {
    limit.dispose();
  }
}
