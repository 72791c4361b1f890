import { expect, test } from '@jest/globals';
import { utf8ToBytes } from '../src/index.js';
import { PoolJob, type PoolWork } from '../src/pool-job.js';
import { PoolQueue } from '../src/pool-queue.js';
import { fakeIdentity } from './fakes.js';

const bytes = utf8ToBytes('test/1');
const identity = fakeIdentity();

const job = (work: PoolWork): PoolJob => new PoolJob(work, undefined, () => undefined);
const signature = (isLow: boolean): PoolJob =>
  job({ type: 'sign', identity, message: bytes, context: bytes, isLow });
const verification = (isLow: boolean): PoolJob =>
  job({ type: 'verify', publicKey: bytes, message: bytes, signature: bytes, context: bytes, isLow });

function queueOf(jobs: readonly PoolJob[]): PoolQueue {
  const queue = new PoolQueue();
  for (const each of jobs) queue.add(each);
  return queue;
}

/** All jobs in the order of their turns. */
function turns(queue: PoolQueue): PoolJob[] {
  const taken: PoolJob[] = [];
  for (let next = queue.urgent; next !== undefined; next = queue.urgent) {
    queue.take(next);
    taken.push(next);
  }
  return taken;
}

test('a signature goes before a verification, and that before both of a low priority', () => {
  const [lowSignature, lowVerification] = [signature(true), verification(true)];
  const [normalVerification, normalSignature] = [verification(false), signature(false)];
  const queue = queueOf([lowVerification, lowSignature, normalVerification, normalSignature]);
  expect(turns(queue)).toEqual([normalSignature, normalVerification, lowVerification, lowSignature]);
});

test('of four turns one is of a low priority', () => {
  const low = [verification(true), signature(true)];
  const normal = Array.from({ length: 8 }, () => verification(false));
  const isLow = turns(queueOf([...low, ...normal])).map((each) => low.includes(each));
  expect(isLow).toEqual([false, false, false, true, false, false, false, true, false, false]);
});

test('turns that passed while nothing of a low priority waited do not count', () => {
  const queue = queueOf(Array.from({ length: 8 }, () => verification(false)));
  turns(queue);
  const [low, normal] = [verification(true), verification(false)];
  queue.add(low);
  queue.add(normal);
  expect(queue.urgent).toBe(normal);
});

test('jobs that are put back keep their priority', () => {
  const queue = queueOf([verification(false)]);
  const low = verification(true);
  queue.putBack([low]);
  expect(turns(queue).at(-1)).toBe(low);
});
