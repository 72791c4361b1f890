import { expect, test } from '@jest/globals';
import {
  DELIVERY_MS,
  DeliveryMachine,
  RESEND_MS_DEFAULT,
  RESEND_MS_MIN,
} from '../src/routing/delivery-machine.js';

/** Ticks until nothing is left: the times of copies, and of the end. */
function outcome(machine: DeliveryMachine): {
  readonly resent: number[];
  readonly expired: number | undefined;
} {
  const resent: number[] = [];
  for (let dueMs = machine.deadlineMs; dueMs !== undefined; dueMs = machine.deadlineMs) {
    for (const { type } of machine.tick(dueMs)) {
      if (type === 'expired') return { resent, expired: dueMs };
      resent.push(dueMs);
    }
  }
  return { resent, expired: undefined };
}

test('a message is sent again after twice its round trip, then at growing distances, and given up after 15 s', () => {
  const machine = new DeliveryMachine();
  machine.begin('one', 400, 600_000, 0);
  const { resent, expired } = outcome(machine);
  expect(resent).toEqual([800, 2_400, 5_600, 9_600, 13_600]);
  expect(expired).toBe(DELIVERY_MS);
  expect([machine.size, machine.deadlineMs]).toEqual([0, undefined]);
});

test('the first wait is a second where the way is unknown, and never below 250 ms', () => {
  const machine = new DeliveryMachine();
  machine.begin('unknown', undefined, 600_000, 0);
  expect(machine.deadlineMs).toBe(RESEND_MS_DEFAULT);
  machine.begin('near', 1, 600_000, 0);
  expect(machine.deadlineMs).toBe(RESEND_MS_MIN);
});

test('a message that lives shorter is given up at its end', () => {
  const machine = new DeliveryMachine();
  machine.begin('short', 10, 1_000, 0);
  expect(outcome(machine).expired).toBe(1_000);
});

test('an acknowledgement ends it, and tells the round trip only where one copy was sent', () => {
  const machine = new DeliveryMachine();
  machine.begin('one', 100, 600_000, 0);
  machine.begin('two', 100, 600_000, 0);
  expect(machine.end('one', 90)).toEqual({ rttMs: 90 });
  machine.tick(250);
  expect(machine.end('two', 300)).toEqual({ rttMs: undefined });
  expect(machine.end('two', 300)).toBeUndefined();
  expect(machine.deadlineMs).toBeUndefined();
});
