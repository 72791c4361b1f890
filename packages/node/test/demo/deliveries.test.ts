import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import { Deliveries, type Delivery } from '../../src/demo/deliveries.js';
import { limited } from '../../src/demo/steps.js';

const from = encodeNodeId(new Uint8Array(32));
const delivery = (node: number, token: string): Delivery => ({
  node,
  token,
  from,
  kind: 'gossip',
  text: '',
  ms: 1,
});

test('the wait ends when each message was delivered often enough', async () => {
  const deliveries = new Deliveries();
  for (const token of ['a', 'b']) deliveries.expect(token);
  const wait = deliveries.whenDelivered(['a', 'b'], 1, new AbortController().signal);
  deliveries.add(delivery(1, 'a'));
  deliveries.add(delivery(2, 'b'));
  await wait;
  expect(deliveries.of('a')).toEqual([delivery(1, 'a')]);
});

test('messages that nobody expects are counted and not kept', () => {
  const deliveries = new Deliveries();
  deliveries.add(delivery(1, 'stranger'));
  expect([deliveries.of('stranger'), deliveries.receivedBy(1)]).toEqual([[], 1]);
});

test('the wait rejects with what the signal says', async () => {
  const controller = new AbortController();
  const wait = new Deliveries().whenDelivered(['a'], 1, controller.signal);
  controller.abort(new Error('enough'));
  await expect(wait).rejects.toThrow('enough');
});

test('an interruption and a lack of time are told apart', async () => {
  const interrupt = new AbortController();
  const interrupted = limited(interrupt.signal, 60_000).signal;
  const late = limited(new AbortController().signal, 1).signal;
  await new Promise((resolve) => late.addEventListener('abort', resolve));
  interrupt.abort();
  expect([interrupted.reason, late.reason]).toMatchObject([
    { code: 'DEMO_INTERRUPTED' },
    { code: 'DEMO_TIMEOUT' },
  ]);
});
