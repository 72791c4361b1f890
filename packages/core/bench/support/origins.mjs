// Messages of many origins, signed beforehand: what a relay passes on when everybody speaks once.
import {
  BatchSigner,
  bytesKey,
  bytesToHex,
  CryptoPool,
  decodeBatchHead,
  Identity,
  randomBytes,
  xWing,
} from '@yakmesh/crypto';
import { parcelBytes, Tree } from '../../dist/envelope/batch.js';
import { encodeEnvelope, EnvelopeClass, leafMessage, messageId } from '../../dist/envelope/envelope.js';
import { encodePayload } from '../../dist/envelope/payload.js';
import { assembleMesh } from '../../dist/mesh/mesh-parts.js';
import { parcelItem } from '../../dist/link/send-queue.js';
import { resolveOptions } from '../../dist/options.js';
import { networkHash } from '../../dist/network-hash.js';
import { systemRuntime } from '../../dist/runtime.js';

let parcels = [];

export async function presign(count, networkId) {
  const pool = new CryptoPool();
  const network = networkHash(xWing.suite, { networkId, networkFingerprint: null });
  const payload = encodePayload({ type: 'bench', data: 'x'.repeat(1_007) });
  const one = async () => {
    const identity = await Identity.generate();
    const envelope = {
      class: EnvelopeClass.BROADCAST,
      priority: 0,
      protocol: 'yakmesh/1',
      to: new Uint8Array(32),
      epoch: Date.now(),
      sequence: 0,
      timeMs: Date.now(),
      lifeSeconds: 600,
      payload,
    };
    const core = encodeEnvelope(envelope);
    const message = leafMessage(network, identity.nodeIdBytes, core);
    const signer = new BatchSigner({
      identity,
      netFp: network,
      sign: (head, context) => pool.sign(identity, head, { context }),
      now: Date.now,
      randomBytes,
    });
    const { batch: signed } = await signer.add('gossip', message);
    const batch = {
      use: 'gossip',
      networkHash: network,
      publicKey: identity.publicKey,
      origin: identity.nodeId,
      originBytes: identity.nodeIdBytes,
      headBytes: signed.head,
      head: decodeBatchHead(signed.head),
      signature: signed.signature,
      key: bytesKey(signed.batchId),
      tree: new Tree(signed.batchId, signed.leaves),
    };
    const messages = [
      { index: 0, salt: signed.salts[0], core, envelope, id: messageId(message), path: undefined },
    ];
    return { batch, messages, isWhole: true, ttl: 0, priority: 0, bytes: parcelBytes(messages) };
  };
  parcels = [];
  while (parcels.length < count) {
    parcels.push(...(await Promise.all(Array.from({ length: Math.min(8, count - parcels.length) }, one))));
  }
  await pool.close();
  return bytesToHex(network);
}

/** Puts all of them into one link, as fast as it takes them. */
export async function replay(url, options) {
  const runtime = systemRuntime();
  const pool = runtime.createPool();
  const config = resolveOptions(options);
  let drained = () => undefined;
  const nothing = () => undefined;
  const { links } = assembleMesh({
    identity: await Identity.generate(),
    config,
    runtime,
    pool,
    endpoint: nothing,
    isRunning: () => true,
    events: {
      connected: nothing,
      disconnected: nothing,
      refused: nothing,
      action: nothing,
      drained: () => drained(),
    },
  });
  const peer = await links.dial({ url, expected: undefined }, false, new AbortController().signal);
  for (const parcel of parcels) {
    while (!peer.enqueue(parcelItem(parcel))) {
      await new Promise((resolve) => {
        drained = resolve;
        peer.session.wantDrain();
      });
    }
  }
  return { sent: parcels.length };
}
