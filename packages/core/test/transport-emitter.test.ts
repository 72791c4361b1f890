import { expect, test } from '@jest/globals';
import { Emitter, LISTENERS_MAX } from '../src/transport/index.js';

interface Events {
  number: [value: number];
  pair: [first: string, second: string];
}

function emitterWithErrors() {
  const errors: [unknown, string][] = [];
  return { emitter: new Emitter<Events>((error, type) => errors.push([error, type])), errors };
}

test('listeners are called in the order in which they were added, and emit tells whether there were any', () => {
  const { emitter } = emitterWithErrors();
  const heard: string[] = [];
  expect(emitter.emit('pair', 'a', 'b')).toBe(false);
  emitter.on('pair', (first) => heard.push(first));
  emitter.on('pair', (_, second) => heard.push(second));
  expect(emitter.emit('pair', 'a', 'b')).toBe(true);
  expect(heard).toEqual(['a', 'b']);
});

test("a listener's exception reaches the hook and not the other listeners or the emitter's caller", () => {
  const { emitter, errors } = emitterWithErrors();
  const heard: number[] = [];
  const failure = new RangeError('broken listener');
  emitter.on('number', () => {
    throw failure;
  });
  emitter.on('number', (value) => heard.push(value));
  emitter.emit('number', 7);
  expect(heard).toEqual([7]);
  expect(errors).toEqual([[failure, 'number']]);
});

test("an async listener's rejection reaches the hook", async () => {
  const failure = new RangeError('late failure');
  const heard = await new Promise<unknown>((resolve) => {
    const emitter = new Emitter<Events>((error, type) => resolve([error, type]));
    emitter.on('number', (): unknown => Promise.reject(failure));
    emitter.emit('number', 7);
  });
  expect(heard).toEqual([failure, 'number']);
});

test('a hook that throws stops nobody', () => {
  const heard: number[] = [];
  const emitter = new Emitter<Events>(() => {
    throw new RangeError('broken hook');
  });
  emitter.on('number', () => {
    throw new RangeError('broken listener');
  });
  emitter.on('number', (value) => heard.push(value));
  emitter.emit('number', 1);
  expect(heard).toEqual([1]);
});

test('a listener added twice is called twice, and off removes one of the two', () => {
  const { emitter } = emitterWithErrors();
  const heard: number[] = [];
  const listener = (value: number): void => void heard.push(value);
  emitter.on('number', listener);
  emitter.on('number', listener);
  emitter.emit('number', 1);
  emitter.off('number', listener);
  emitter.emit('number', 2);
  expect(heard).toEqual([1, 1, 2]);
});

test('unsubscribing twice removes only the one registration', () => {
  const { emitter } = emitterWithErrors();
  const listener = (): void => undefined;
  const unsubscribe = emitter.on('number', listener);
  emitter.on('number', listener);
  unsubscribe();
  unsubscribe();
  expect(emitter.listenerCount('number')).toBe(1);
});

test('a once listener hears one event, even if it emits the same event itself', () => {
  const { emitter } = emitterWithErrors();
  const heard: number[] = [];
  emitter.once('number', (value) => {
    heard.push(value);
    emitter.emit('number', value + 1);
  });
  emitter.emit('number', 1);
  expect(heard).toEqual([1]);
  expect(emitter.listenerCount('number')).toBe(0);
});

test('listeners that come and go during an event take effect from the next one on', () => {
  const { emitter } = emitterWithErrors();
  const heard: string[] = [];
  const late = (): void => void heard.push('late');
  emitter.once('number', () => {
    emitter.on('number', late);
    removeSecond();
  });
  const removeSecond = emitter.on('number', () => heard.push('second'));
  emitter.emit('number', 1);
  expect(heard).toEqual(['second']);
  emitter.emit('number', 2);
  expect(heard).toEqual(['second', 'late']);
});

test('the listener beyond the limit is refused and the others stay', () => {
  const { emitter } = emitterWithErrors();
  for (let count = 0; count < LISTENERS_MAX; count += 1) emitter.on('number', () => undefined);
  expect(() => emitter.on('number', () => undefined)).toThrow(RangeError);
  expect(emitter.listenerCount('number')).toBe(LISTENERS_MAX);
  emitter.removeAll();
  expect(emitter.emit('number', 1)).toBe(false);
});
