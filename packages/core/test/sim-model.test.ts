import {
  batchContext,
  decodeBatchHead,
  encodeBatchHead,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdOf,
  type BatchHead,
} from '@yakmesh/crypto';
import { expect, test } from '@jest/globals';
import { parcelBytes, type Batch, type BatchMessage, type Parcel } from '../src/envelope/batch.js';
import { decodeEnvelope, encodeEnvelope, EnvelopeClass } from '../src/envelope/envelope.js';
import { ParcelWriter } from '../src/link/parcel-writer.js';
import {
  FastClock,
  MODEL_COSTS,
  modelIdentity,
  ModelPool,
  SeededRandom,
  simulate,
} from '../src/testing/index.js';
import { HEAD_BYTES, KEY_BYTES, parcelWireBytes } from '../src/testing/sim/model-sizes.js';
import { FLOW_HEADROOM_BYTES } from '../src/transport/index.js';

const identity = modelIdentity(new SeededRandom(1));
const networkHash = new Uint8Array(32).fill(9);

function parcelOf(count: number, isWhole: boolean): Parcel {
  const fields: BatchHead = {
    depth: 3,
    count: 8,
    signer: identity.nodeIdBytes,
    timeMs: 1_700_000_000_000,
    batchId: new Uint8Array(32).fill(1),
    root: new Uint8Array(32).fill(2),
  };
  const headBytes = encodeBatchHead(fields);
  const batch: Batch = {
    use: 'gossip',
    networkHash,
    publicKey: identity.publicKey,
    origin: identity.nodeId,
    originBytes: identity.nodeIdBytes,
    headBytes,
    head: decodeBatchHead(headBytes) ?? fields,
    signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
    key: 'batch',
    tree: undefined,
  };
  const messages = Array.from({ length: count }, (_, index) => messageOf(index));
  return { batch, messages, isWhole, ttl: 32, priority: 1, bytes: parcelBytes(messages) };
}

function messageOf(index: number): BatchMessage {
  const core = encodeEnvelope({
    class: EnvelopeClass.BROADCAST,
    priority: 1,
    protocol: 'sim/1',
    to: new Uint8Array(32),
    epoch: 1,
    sequence: index,
    timeMs: 1,
    lifeSeconds: 60,
    payload: new Uint8Array(10 + index),
  });
  const envelope = decodeEnvelope(core);
  if (envelope === undefined) throw new RangeError('no envelope');
  return {
    index,
    salt: new Uint8Array(16),
    core,
    envelope,
    id: new Uint8Array(16),
    path: new Uint8Array(96),
  };
}

test.each([
  [8, true],
  [1, false],
  [5, false],
])('%i messages, a whole batch or not, have the size that the real writer gives them', (count, isWhole) => {
  const parcel = parcelOf(count, isWhole);
  const { announcement, frames } = new ParcelWriter().encode(parcel);
  expect(announcement.map(({ length }) => length)).toEqual([KEY_BYTES, HEAD_BYTES]);
  expect(frames.reduce((sum, { length }) => sum + length, 0)).toBe(parcelWireBytes(parcel));
});

test('a model identity has the real hash of its key for an id, and is what its seed says', () => {
  expect(identity.nodeId).toBe(nodeIdOf(identity.publicKey));
  expect(modelIdentity(new SeededRandom(1)).nodeId).toBe(identity.nodeId);
  expect(modelIdentity(new SeededRandom(2)).nodeId).not.toBe(identity.nodeId);
});

test('a model signature holds for its key, message and context, and for no other', async () => {
  const clock = new FastClock();
  const pool = new ModelPool(clock);
  const [message, context] = [Uint8Array.of(1, 2, 3), batchContext('gossip', networkHash)];
  const signature = await clock.until(pool.sign(identity, message, { context }));
  const holds = (key: Uint8Array, text: Uint8Array, use: Uint8Array, signed = signature) =>
    clock.until(pool.verify(key, text, signed, use));
  const damaged = signature.slice();
  damaged[3_000] = (damaged[3_000] ?? 0) ^ 1;
  expect(signature).toHaveLength(ML_DSA_65_SIGNATURE_BYTES);
  expect(await holds(identity.publicKey, message, context)).toBe(true);
  expect(await holds(modelIdentity(new SeededRandom(2)).publicKey, message, context)).toBe(false);
  expect(await holds(identity.publicKey, Uint8Array.of(1, 2, 4), context)).toBe(false);
  expect(await holds(identity.publicKey, message, batchContext('direct', networkHash))).toBe(false);
  expect(await holds(identity.publicKey, message, context, damaged)).toBe(false);
});

test('what a node computes takes its one worker one thing after another', async () => {
  const clock = new FastClock();
  const pool = new ModelPool(clock, MODEL_COSTS.noble);
  const context = batchContext('gossip', networkHash);
  const sign = () => pool.sign(identity, Uint8Array.of(1), { context });
  await clock.until(Promise.all([sign(), sign(), sign()]));
  expect(clock.monotonicMs()).toBeCloseTo(3 * MODEL_COSTS.noble.signMs);
});

test('model links carry what a flow was given as it was then, long messages to a neighbour too', async () => {
  const world = await simulate({ nodes: 2, seed: 'flows', crypto: 'model', latency: 20 });
  await world.link(world.node(0), world.node(1));
  const heard: string[] = [];
  world.node(1).mesh.open('test/1', {
    flow: (flow) =>
      flow.handle({ message: (body) => void heard.push(`${body.length} × ${[...new Set(body)].join()}`) }),
  });
  const port = world.node(0).mesh.open('test/1', {});
  const flow = await world.run(port.openFlow(world.node(1).nodeId));
  for (const [value, length] of [9_000, 16_384, 65_024].entries()) {
    const bytes = new Uint8Array(FLOW_HEADROOM_BYTES + length).subarray(FLOW_HEADROOM_BYTES).fill(value);
    flow.send(bytes, 28, (released) => void released.fill(0xdd));
  }
  await world.pass('1 s');
  expect(heard).toEqual(['9000 × 0', '16384 × 1', '65024 × 2']);
  await world.stop();
});
