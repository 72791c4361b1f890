import type { Clock, TimerHandle } from './clock.js';

/** A machine without timers or sockets: inputs and time in, actions out. Times are the driver's `clock.monotonicMs()`. */
export interface Machine<Action> {
  /** When `tick` wants to be called next; undefined for never. */
  readonly deadlineMs: number | undefined;
  /** Its time has come: what it wants done. */
  tick(nowMs: number): readonly Action[];
}

/** What performs the actions of a machine. */
export interface MachineDriver<Action> {
  readonly clock: Clock;
  /** Carries one action out. It may feed the machine again: that input waits until the actions before it are done. */
  perform(action: Action): void;
  /** Told what an input, a tick or an action threw; the next one runs all the same. */
  failed(error: unknown): void;
}

/** Calls one method of the machine and hands its actions on. */
export type MachineInput<Driven, Action> = (machine: Driven, nowMs: number) => readonly Action[];

/** A machine that runs. */
export interface MachineRunner<Driven, Action> {
  /** Feeds the machine: `runner.feed((machine, nowMs) => machine.receive(bytes, nowMs))`. */
  feed(input: MachineInput<Driven, Action>): void;
  /** Clears the timer and drops inputs that wait. Twice is fine; feeding afterwards does nothing. */
  stop(): void;
}

/** Runs a machine: performs its actions in order and owns the one timer that calls `tick` at its deadlines. */
export function runMachine<Action, Driven extends Machine<Action>>(
  machine: Driven,
  driver: MachineDriver<Action>,
): MachineRunner<Driven, Action> {
  const { clock } = driver;
  const inputs: MachineInput<Driven, Action>[] = [];
  let timer: TimerHandle | undefined;
  let armedMs = Infinity;
  let isRunning = false;
  let isStopped = false;

  const perform = (action: Action): void => {
    try {
      driver.perform(action);
    } catch (error) {
      driver.failed(error);
    }
  };
  const run = (input: MachineInput<Driven, Action>): void => {
    try {
      for (const action of input(machine, clock.monotonicMs())) if (!isStopped) perform(action);
    } catch (error) {
      driver.failed(error);
    }
  };
  const disarm = (): void => {
    if (timer !== undefined) clock.clearTimer(timer);
    timer = undefined;
    armedMs = Infinity;
  };
  const arm = (): void => {
    const { deadlineMs } = machine;
    // A timer that fires too early finds nothing to do and costs less than setting it anew at every message.
    if (deadlineMs === undefined || deadlineMs >= armedMs) return;
    disarm();
    armedMs = deadlineMs;
    timer = clock.setTimer(Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs())), wake);
  };
  const feed = (input: MachineInput<Driven, Action>): void => {
    if (isStopped) return;
    if (isRunning) return void inputs.push(input);
    isRunning = true;
    for (let next: typeof input | undefined = input; next !== undefined; next = inputs.shift()) run(next);
    isRunning = false;
    if (!isStopped) arm();
  };
  const wake = (): void => {
    timer = undefined;
    armedMs = Infinity;
    feed((_, nowMs) => ((machine.deadlineMs ?? Infinity) <= nowMs ? machine.tick(nowMs) : []));
  };
  arm();
  return {
    feed,
    stop: () => {
      isStopped = true;
      inputs.length = 0;
      disarm();
    },
  };
}
