import { expect, test } from '@jest/globals';
import { Identity, utf8ToBytes } from '../src/index.js';
import type { WorkerEvents } from '../src/platform.js';
import { PoolCrew } from '../src/pool-crew.js';
import { PoolJob } from '../src/pool-job.js';
import type { PoolRequest } from '../src/pool-messages.js';

const context = utf8ToBytes('test/1');
const identity = await Identity.generate();

interface FakeThread {
  readonly events: WorkerEvents;
  readonly requests: PoolRequest[];
  alive: boolean;
  ended: boolean;
}

interface Rig {
  readonly crew: PoolCrew;
  readonly threads: FakeThread[];
  readonly log: string[];
  readonly returned: PoolJob[];
}

function newRig(size = 1): Rig {
  const [threads, log, returned]: [FakeThread[], string[], PoolJob[]] = [[], [], []];
  const crew = new PoolCrew(
    size,
    (events) => {
      const thread: FakeThread = { events, requests: [], alive: false, ended: false };
      threads.push(thread);
      return {
        post: (request) => thread.requests.push(request),
        keepAlive: (alive) => {
          thread.alive = alive;
        },
        terminate: async () => {
          thread.ended = true;
        },
      };
    },
    {
      room: () => log.push('room'),
      disbanded: () => log.push('disbanded'),
      returned: (jobs) => returned.push(...jobs),
    },
  );
  return { crew, threads, log, returned };
}

function signJob(who = identity, isLow = false): PoolJob {
  const job = new PoolJob(
    { type: 'sign', identity: who, message: Uint8Array.of(1), context, isLow },
    undefined,
    () => undefined,
  );
  job.promise.catch(() => undefined);
  return job;
}

const thread = ({ threads }: Rig, index = 0): FakeThread => {
  const found = threads[index];
  if (found === undefined) throw new Error('no such thread');
  return found;
};

test('workers start one by one as work demands, and take two jobs each', () => {
  const rig = newRig(2);
  expect([1, 2, 3, 4, 5].map(() => rig.crew.take(signJob()))).toEqual([true, true, true, true, false]);
  expect(rig.threads.length).toBe(2);
});

test('what has a low priority waits for an idle worker', () => {
  const rig = newRig();
  rig.crew.take(signJob());
  expect(rig.crew.take(signJob(identity, true))).toBe(false);
  expect(rig.crew.take(signJob())).toBe(true);
});

test('a seed is sent to a worker once, and forgotten when its identity is destroyed', async () => {
  const rig = newRig();
  const mortal = await Identity.generate();
  rig.crew.take(signJob(mortal));
  rig.crew.take(signJob(mortal));
  mortal.destroy();
  expect(thread(rig).requests.map(({ type }) => type)).toEqual(['key', 'sign', 'sign', 'forget']);
});

test('of more identities than a worker keeps the oldest is forgotten', async () => {
  const rig = newRig();
  rig.crew.take(signJob());
  const first = thread(rig);
  first.events.message({ type: 'ready' });
  for (let i = 0; i < 64; i++) {
    for (const request of first.requests.splice(0)) {
      if (request.type === 'sign') first.events.message({ type: 'failed', job: request.job });
    }
    rig.crew.take(signJob(await Identity.fromSeed(new Uint8Array(32).fill(i))));
  }
  expect(first.requests.map(({ type }) => type)).toEqual(['key', 'forget', 'sign']);
}, 30_000);

test('a worker keeps the process alive only while it has work', () => {
  const rig = newRig();
  rig.crew.take(signJob());
  expect(thread(rig).alive).toBe(true);
  const request = thread(rig).requests.find(({ type }) => type === 'sign');
  thread(rig).events.message({ type: 'ready' });
  if (request?.type === 'sign') {
    thread(rig).events.message({ type: 'signed', job: request.job, signature: Uint8Array.of(1) });
  }
  expect([thread(rig).alive, rig.log]).toEqual([false, ['room']]);
});

test('a worker that never starts disbands the crew and gives its jobs back', () => {
  const rig = newRig();
  const job = signJob();
  rig.crew.take(job);
  thread(rig).events.gone();
  expect([rig.log, rig.returned, rig.crew.take(signJob())]).toEqual([['disbanded'], [job], false]);
});

test('a job whose worker dies is tried in one more, and then fails with a code', async () => {
  const rig = newRig();
  const job = signJob();
  for (const attempt of [0, 1]) {
    rig.crew.take(job);
    thread(rig, attempt).events.message({ type: 'ready' });
    thread(rig, attempt).events.gone();
  }
  expect(rig.returned).toEqual([job]);
  await expect(job.promise).rejects.toMatchObject({ code: 'CRYPTO_WORKER_FAILED' });
});

test('a crew whose workers keep dying gives up', () => {
  const rig = newRig();
  for (let attempt = 0; attempt < 4; attempt++) {
    rig.crew.take(signJob());
    thread(rig, attempt).events.message({ type: 'ready' });
    thread(rig, attempt).events.gone();
  }
  expect(rig.log).toEqual(['disbanded']);
});

test('a job that fails inside its worker rejects with a code', async () => {
  const rig = newRig();
  const job = signJob();
  rig.crew.take(job);
  const request = thread(rig).requests.find(({ type }) => type === 'sign');
  if (request?.type === 'sign') thread(rig).events.message({ type: 'failed', job: request.job });
  await expect(job.promise).rejects.toMatchObject({ code: 'CRYPTO_WORKER_FAILED' });
});

test('closing ends every worker, and none starts again', async () => {
  const rig = newRig(2);
  for (let i = 0; i < 3; i++) rig.crew.take(signJob());
  await rig.crew.close();
  expect([rig.threads.map(({ ended }) => ended), rig.crew.take(signJob())]).toEqual([[true, true], false]);
});

test('an answer nobody waits for is ignored', () => {
  const rig = newRig();
  rig.crew.take(signJob());
  expect(() => {
    thread(rig).events.message({ type: 'verified', job: 999, valid: true });
  }).not.toThrow();
});

function sliceJob(): PoolJob {
  const work = { type: 'puzzle', prefix: Uint8Array.of(1), bits: 8, position: undefined } as const;
  return new PoolJob(work, undefined, () => undefined);
}

test('a slice of a puzzle goes to an idle worker alone, and never behind another', () => {
  const rig = newRig();
  expect([rig.crew.take(sliceJob()), rig.crew.take(sliceJob())]).toEqual([true, false]);
  const other = newRig();
  expect([other.crew.take(signJob()), other.crew.take(sliceJob())]).toEqual([true, false]);
});

test('a signature rather waits for a slice to end than for another worker to start', () => {
  const rig = newRig(2);
  rig.crew.take(sliceJob());
  rig.crew.take(signJob());
  expect(rig.threads.length).toBe(1);
  rig.crew.take(signJob());
  expect(rig.threads.length).toBe(2);
});

test('a slice’s end leaves room and says how far it came', async () => {
  const rig = newRig();
  const job = sliceJob();
  rig.crew.take(job);
  const request = thread(rig).requests.find(({ type }) => type === 'puzzle');
  const slice = { position: { solved: 4, candidate: 1, solution: new Uint8Array(40) }, progress: 0.5 };
  if (request?.type === 'puzzle') {
    thread(rig).events.message({ type: 'sliced', job: request.job, slice });
  }
  expect(await job.promise).toEqual(slice);
  expect([rig.log, rig.crew.take(sliceJob())]).toEqual([['room'], true]);
});
