import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { VirtualClock } from '../src/testing/index.js';
import { combineSignals, delay, systemClock, withAbort } from '../src/transport/index.js';

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const never = new Promise<never>(() => undefined);

test('a promise that settles in time gives its outcome and leaves no listener', async () => {
  const { signal } = new AbortController();
  await expect(withAbort(signal, Promise.resolve(5))).resolves.toBe(5);
  await expect(withAbort(signal, Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  expect(listenersOf(signal)).toBe(0);
});

test('an abort rejects with its reason, and the late rejection of the work is dropped', async () => {
  const controller = new AbortController();
  let fail = (_error: Error): void => undefined;
  const work = new Promise<never>((_, reject) => (fail = reject));
  const outcome = withAbort(controller.signal, work);
  controller.abort('enough');
  fail(new RangeError('too late'));
  await expect(outcome).rejects.toBe('enough');
  await expect(withAbort(controller.signal, Promise.reject(new RangeError('ignored')))).rejects.toBe(
    'enough',
  );
  expect(listenersOf(controller.signal)).toBe(0);
});

test('the first of the combined signals aborts with its reason and all are unlinked', () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const combined = combineSignals(first.signal, undefined, second.signal);
  second.abort('second');
  first.abort('first');
  expect(combined.signal.reason).toBe('second');
  expect(listenersOf(first.signal) + listenersOf(second.signal)).toBe(0);
});

test('a signal that has aborted before aborts the combination at once and links nothing', () => {
  const { signal } = new AbortController();
  const combined = combineSignals(AbortSignal.abort('before'), signal);
  expect(combined.signal.reason).toBe('before');
  expect(listenersOf(signal)).toBe(0);
});

test('a time limit aborts with a TimeoutError on its clock, and disposing clears it', async () => {
  const clock = new VirtualClock();
  const late = combineSignals({ clock, timeoutMs: 500 });
  const disposed = combineSignals({ clock, timeoutMs: 500 });
  disposed.dispose();
  disposed.dispose();
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(500);
  expect(late.signal.reason).toMatchObject({ name: 'TimeoutError' });
  expect(disposed.signal.aborted).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

test('a limit in bare milliseconds runs on the system clock', async () => {
  const { signal } = combineSignals(1);
  await expect(withAbort(signal, never)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('a hundred combinations with one long-lived signal leave no listener and cause no warning', () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  const { signal } = new AbortController();
  for (let count = 0; count < 100; count += 1) combineSignals(signal, 60_000).dispose();
  expect(listenersOf(signal)).toBe(0);
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

test('a delay leaves neither timer nor listener, whether it ends or is aborted', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  await clock.until(delay(clock, 1_000, controller.signal));
  expect(clock.monotonicMs()).toBe(1_000);
  expect(listenersOf(controller.signal)).toBe(0);
  const aborted = delay(clock, 1_000, controller.signal);
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  await expect(delay(systemClock, 1_000, controller.signal)).rejects.toBe('enough');
  expect(clock.pendingTimers).toBe(0);
});
