import { expect, test } from '@jest/globals';
import { VirtualClock } from '../src/testing/index.js';
import { runMachine, type Machine } from '../src/transport/index.js';

/** Rings once, a time after it was last wound. */
class AlarmMachine implements Machine<string> {
  deadlineMs: number | undefined;

  wind(nowMs: number, forMs: number): string[] {
    this.deadlineMs = nowMs + forMs;
    return ['wound'];
  }

  tick(nowMs: number): string[] {
    this.deadlineMs = undefined;
    return [`rang at ${nowMs}`];
  }
}

function runAlarm(perform: (action: string) => void = () => undefined) {
  const clock = new VirtualClock();
  const performed: string[] = [];
  const failures: unknown[] = [];
  const runner = runMachine<string, AlarmMachine>(new AlarmMachine(), {
    clock,
    perform: (action) => {
      performed.push(action);
      perform(action);
    },
    failed: (error) => failures.push(error),
  });
  return { clock, performed, failures, runner };
}

test('a machine is ticked at its deadline and not before', async () => {
  const { clock, performed, runner } = runAlarm();
  runner.feed((alarm, nowMs) => alarm.wind(nowMs, 100));
  await clock.advance(99);
  expect(performed).toEqual(['wound']);
  await clock.advance(1_000);
  expect(performed).toEqual(['wound', 'rang at 100']);
  expect(clock.pendingTimers).toBe(0);
});

test('a deadline that moves is kept, sooner or later', async () => {
  const { clock, performed, runner } = runAlarm();
  runner.feed((alarm, nowMs) => alarm.wind(nowMs, 100));
  runner.feed((alarm, nowMs) => alarm.wind(nowMs, 300));
  await clock.advance(200);
  expect(clock.pendingTimers).toBe(1);
  runner.feed((alarm, nowMs) => alarm.wind(nowMs, 50));
  await clock.advance(1_000);
  expect(performed.at(-1)).toBe('rang at 250');
});

test('input from within an action waits until the actions before it are done', () => {
  const order: string[] = [];
  const clock = new VirtualClock();
  const runner = runMachine<string, Machine<string>>(
    { deadlineMs: undefined, tick: () => [] },
    {
      clock,
      failed: () => undefined,
      perform: (action) => {
        if (action === 'first') runner.feed(() => ['nested']);
        order.push(action);
      },
    },
  );
  runner.feed(() => ['first', 'second']);
  expect(order).toEqual(['first', 'second', 'nested']);
});

test('what an action or an input throws is reported and the rest goes on', () => {
  const failure = new RangeError('cannot');
  const { performed, failures, runner } = runAlarm((action) => {
    if (action === 'bad') throw failure;
  });
  runner.feed(() => ['bad', 'good']);
  runner.feed(() => {
    throw failure;
  });
  expect(performed).toEqual(['bad', 'good']);
  expect(failures).toEqual([failure, failure]);
});

test('a stopped runner leaves no timer and does nothing more, also in the middle of its actions', async () => {
  const { clock, performed, runner } = runAlarm((action) => {
    if (action === 'last') runner.stop();
  });
  runner.feed((alarm, nowMs) => [...alarm.wind(nowMs, 100), 'last', 'never']);
  runner.stop();
  runner.feed(() => ['never']);
  await clock.advance(1_000);
  expect(performed).toEqual(['wound', 'last']);
  expect(clock.pendingTimers).toBe(0);
});
