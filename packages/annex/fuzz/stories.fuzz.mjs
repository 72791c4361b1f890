// Stories of whole sessions in a storm, compared with a perfect channel: 20 % lost, 20 % doubled, reordering, ratchets, resets, cuts and
// closes at any moment. The ratchet's cryptography is a model without security; 1 in 50 runs with real signatures and KEMs.
import { Identity, verifySignature } from '@yakmesh/crypto';
import { must, randomFrom } from '../../../tools/fuzz-target.mjs';
import { modelJob, modelOutcomes } from '../dist/testing/model-crypto.js';
import { MIXED_WAYS, RELAYED_WAYS, sessionStory } from '../dist/testing/session-story.js';
import { SessionWorld } from '../dist/testing/session-world.js';

const STORIES = 10_000;
const REAL_EVERY = 50;
const MIXED_EVERY = 3;

function randomOf(seed) {
  const next = randomFrom(seed);
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next(256)),
    u32: () => next(2 ** 32),
    below: (n) => next(n),
    unit: () => next(2 ** 32) / 2 ** 32,
  };
}

/** Does a ratchet's jobs with real cryptography. */
function realJobs(identities) {
  return async (role, job) => {
    try {
      switch (job.type) {
        case 'generate':
          return { type: 'generate', keyPair: await job.kem.generate() };
        case 'encapsulate':
          return { type: 'encapsulate', ...(await job.kem.encapsulate(job.publicKey)) };
        case 'decapsulate':
          return { type: 'decapsulate', sharedSecret: await job.keyPair.decapsulate(job.ciphertext) };
        case 'sign':
          return {
            type: 'sign',
            signature: await identities[role].sign(job.message, { context: job.context }),
          };
        case 'verify':
          return {
            type: 'verify',
            valid: await verifySignature(job.publicKey, job.message, job.signature, job.context),
          };
        default:
          return { type: 'failed' };
      }
    } catch {
      return { type: 'failed' };
    }
  };
}

async function story(seed, identities) {
  const random = randomOf(seed);
  const { streamWindowBytes, writeBytesMax, recordBytesMax } =
    seed % MIXED_EVERY === 0 ? MIXED_WAYS : RELAYED_WAYS;
  const outcomes = modelOutcomes(random, streamWindowBytes, 4 * streamWindowBytes);
  const isReal = identities !== undefined;
  const peerOf = { initiator: 'responder', responder: 'initiator' };
  for (const role of isReal ? Object.keys(peerOf) : [])
    outcomes[role] = { ...outcomes[role], peer: identities[peerOf[role]] };
  const world = new SessionWorld({
    random,
    outcomes,
    job: isReal ? realJobs(identities) : (_role, job) => modelJob(job, random),
    weather: { loss: 0.2, duplication: 0.2, jitterMs: random.below(200) },
    recordBytesMax,
  });
  return sessionStory(world, random, writeBytesMax);
}

async function run({ runs = STORIES, seconds, seed, log }) {
  const endMs = performance.now() + (seconds ?? Infinity) * 1_000;
  const wanted = seconds === undefined ? runs : Infinity;
  const identities = { initiator: await Identity.generate(), responder: await Identity.generate() };
  const sum = { records: 0, epochs: 0, bytes: 0, real: 0 };
  let count = 0;
  for (; count < wanted && performance.now() < endMs; count++) {
    const storySeed = (seed + count) % 2 ** 32;
    // By the seed, so that a story told again alone is the same one.
    const isReal = storySeed % REAL_EVERY === 0;
    const report = await story(storySeed, isReal ? identities : undefined);
    sum.records += report.records;
    sum.epochs += report.epochs;
    sum.bytes += report.bytes;
    sum.real += isReal ? 1 : 0;
    must(report.problems.length === 0, `story ${storySeed}: ${report.problems.slice(0, 3).join('; ')}`);
  }
  log(
    `${count} stories, ${sum.real} with real signatures and KEMs: ${sum.records} records, ${sum.epochs} turns of the ratchet`,
  );
  return { runs: count, kept: 0 };
}

export default { name: 'stories', covers: [], run };
