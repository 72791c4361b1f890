import { ML_DSA_65_SIGNATURE_BYTES, sha256, xWing, type Kem, type KemKeyPair } from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { ChannelRole, HandshakeOutcome } from '../handshake/actions.js';

/*
 * MODEL CRYPTOGRAPHY: no security at all. Signatures are hashes that anybody can make, and a KEM's secret is a hash of its ciphertext.
 * It stands in for the slow parts in simulations of many thousand sessions; records are sealed with the real AES-256-GCM.
 */

const SESSION_BYTES = 16;

/** Does a ratchet's jobs without any security, at once. */
export function modelJob(job: CryptoJob, random: Random): JobResult {
  switch (job.type) {
    case 'generate':
      return { type: 'generate', keyPair: modelKeyPair(job.kem, random) };
    case 'encapsulate': {
      const ciphertext = random.bytes(job.kem.ciphertextBytes);
      return { type: 'encapsulate', ciphertext, sharedSecret: sha256(ciphertext) };
    }
    case 'decapsulate':
      return { type: 'decapsulate', sharedSecret: sha256(job.ciphertext) };
    case 'sign':
      return { type: 'sign', signature: modelSignature(job.message) };
    case 'verify':
      return {
        type: 'verify',
        valid: modelSignature(job.message).every((byte, at) => byte === job.signature[at]),
      };
    default:
      return { type: 'failed' };
  }
}

function modelKeyPair(kem: Kem, random: Random): KemKeyPair {
  return {
    publicKey: random.bytes(kem.publicKeyBytes),
    decapsulate: async (ciphertext) => sha256(ciphertext),
    destroy: () => undefined,
  };
}

function modelSignature(message: Uint8Array): Uint8Array {
  const signature = new Uint8Array(ML_DSA_65_SIGNATURE_BYTES);
  signature.set(sha256(message));
  return signature;
}

/** The outcomes of a handshake that never was, one for each role. */
export function modelOutcomes(
  random: Random,
  streamWindow: number,
  sessionWindow: number,
): Record<ChannelRole, HandshakeOutcome> {
  const [first, second] = [random.bytes(SESSION_BYTES), random.bytes(SESSION_BYTES)];
  const secret = random.bytes(64);
  const outcome = (role: ChannelRole): HandshakeOutcome => ({
    role,
    kem: xWing,
    peer: undefined,
    isAnonymous: false,
    params: { isAnonymous: false, idleSeconds: 300, sessionWindow, streamWindow },
    resumed: undefined,
    secrets: {
      root: secret.slice(),
      transcript: secret.slice(),
      exporter: secret.slice(),
      id: first,
      ticketId: first,
      psk: secret.slice(),
    },
    ownSession: role === 'initiator' ? first : second,
    peerSession: role === 'initiator' ? second : first,
  });
  // Both sign, with nobody's key: the model's verification looks at the message alone.
  const publicKey = new Uint8Array(1_952);
  const peer = { nodeId: '' as never, nodeIdBytes: new Uint8Array(32), publicKey };
  return { initiator: { ...outcome('initiator'), peer }, responder: { ...outcome('responder'), peer } };
}
