import { expect, test } from '@jest/globals';
import { routeChurn } from '../src/testing/routing/route-churn.js';

test('no way leads in a circle while 60,000 links come and go', () => {
  const result = routeChurn({ seed: 'loops', changes: 60_000, nodes: 16 });
  expect(result.loops).toBe(0);
  expect(result.checks).toBeGreaterThan(60_000);
  expect(result.found).toBeGreaterThan(5_000);
  expect(result.arrived).toBeGreaterThan(10_000);
}, 120_000);

test('none does either where clocks differ, over 20,000 changes', () => {
  expect(routeChurn({ seed: 'skew', changes: 20_000, nodes: 12, skewMs: 5_000 }).loops).toBe(0);
}, 120_000);

test('none does where tables are too small for the destinations, over 20,000 changes', () => {
  expect(routeChurn({ seed: 'small', changes: 20_000, nodes: 12, destinationsMax: 3 }).loops).toBe(0);
}, 120_000);
