import { copyBytes, randomBytes, requireBytes, requireLength, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import { openIdentity, sealIdentity } from './identity-file.js';
import { autoProvider } from './native-provider.js';
import type { NodeId } from './node-id.js';
import { encodeNodeId, nodeIdBytesOf } from './node-id.js';
import type { AsymmetricProvider, MlDsa65PrivateKey } from './provider.js';
import { CONTEXT_BYTES_MAX, SEED_BYTES } from './provider.js';

/** How to sign. */
export interface SignOptions {
  /** The FIPS 204 context, at most 255 bytes: one for each use, so that no signature passes for another's. */
  readonly context: Uint8Array;
  /** Rejects with the signal's reason when it fires before the work has begun. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whoever can sign as a node. Packages take this interface and never the class, so an identity may live in hardware, in
 * another process, or in a second copy of this package.
 */
export interface SigningIdentity {
  /** The node's id as text. */
  readonly nodeId: NodeId;
  /** The node's id as 32 bytes. */
  readonly nodeIdBytes: Uint8Array;
  /** The ML-DSA-65 public key, 1,952 bytes. */
  readonly publicKey: Uint8Array;
  /** An ML-DSA-65 signature of 3,309 bytes. */
  sign(message: Uint8Array, options: SignOptions): Promise<Uint8Array>;
}

/** Options of {@link Identity.generate} and its siblings. */
export interface IdentityOptions {
  /** Who computes the signatures; by default the native implementation where there is one, else noble. */
  readonly provider?: AsymmetricProvider;
}

/** What an identity shows of itself in JSON and in a debugger. */
export interface IdentityJson {
  /** The node's id as text. */
  readonly nodeId: NodeId;
}

interface Secrets {
  seed: Uint8Array;
  privateKey: MlDsa65PrivateKey;
  readonly onDestroy: Set<() => void>;
}

/** Outside the object, so that no inspector, serialiser or debugger walks into it. */
const secretsOf = new WeakMap<object, Secrets>();

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * An ML-DSA-65 identity. It keeps its seed of 32 bytes (FIPS 204's ξ) and the expanded key; both are wiped by
 * {@link Identity.destroy}. On the noble provider a signature takes 6 ms of this thread: sign through a
 * {@link CryptoPool} to keep the event loop free.
 */
export class Identity implements SigningIdentity {
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  readonly publicKey: Uint8Array;

  private constructor(seed: Uint8Array, privateKey: MlDsa65PrivateKey) {
    this.publicKey = privateKey.publicKey;
    this.nodeIdBytes = nodeIdBytesOf(this.publicKey);
    this.nodeId = encodeNodeId(this.nodeIdBytes);
    secretsOf.set(this, { seed, privateKey, onDestroy: new Set() });
  }

  /** A new identity from the operating system's randomness. */
  static async generate(options: IdentityOptions = {}): Promise<Identity> {
    const seed = randomBytes(SEED_BYTES);
    try {
      return await Identity.fromSeed(seed, options);
    } finally {
      wipe(seed);
    }
  }

  /** The identity of a seed of 32 bytes; the seed is copied, so the caller may wipe its own. */
  static async fromSeed(seed: Uint8Array, options: IdentityOptions = {}): Promise<Identity> {
    requireLength(seed, 'seed', SEED_BYTES);
    const copy = copyBytes(seed);
    const mlDsa65 = options.provider?.mlDsa65 ?? (await autoProvider()).mlDsa65;
    return new Identity(copy, await mlDsa65.importSeed(copy));
  }

  /**
   * Opens what {@link Identity.seal} made. Rejects with `IDENTITY_BAD_PASSPHRASE` when the passphrase does not open it
   * and with `IDENTITY_BAD_FILE` when it is no such file or asks for more than 256 MiB of memory.
   */
  static async unseal(
    file: Uint8Array,
    passphrase: string,
    options: IdentityOptions = {},
  ): Promise<Identity> {
    const { seed, nodeIdBytes } = await openIdentity(file, passphrase);
    try {
      const identity = await Identity.fromSeed(seed, options);
      if (encodeNodeId(nodeIdBytes) === identity.nodeId) return identity;
      identity.destroy();
      throw new CryptoError('IDENTITY_BAD_FILE', 'the identity file names another node id than its seed has');
    } finally {
      wipe(seed);
    }
  }

  async sign(message: Uint8Array, options: SignOptions): Promise<Uint8Array> {
    requireBytes(message, 'message');
    requireContext(options.context);
    options.signal?.throwIfAborted();
    return requireSecrets(this).privateKey.sign(message, options.context);
  }

  /** A copy of the seed, 32 bytes: whoever has it is this node. The caller wipes it. */
  exportSeed(): Uint8Array {
    return copyBytes(requireSecrets(this).seed);
  }

  /**
   * The seed sealed by a passphrase, 133 bytes ("YKID", scrypt with N = 2^17, r = 8, p = 1, AES-256-GCM). Takes about
   * 0.4 s and 128 MiB, off the event loop on Node. Salt and nonce are fresh each time.
   */
  async seal(passphrase: string): Promise<Uint8Array> {
    return sealIdentity(requireSecrets(this).seed, this.nodeIdBytes, passphrase);
  }

  /** Wipes the secrets, here and in the pools that hold copies; signing afterwards rejects. Twice is fine. */
  destroy(): void {
    const secrets = secretsOf.get(this);
    if (secrets === undefined) return;
    secretsOf.delete(this);
    wipe(secrets.seed);
    secrets.privateKey.destroy();
    for (const listener of secrets.onDestroy) listener();
  }

  /** The node id and nothing else. */
  toJSON(): IdentityJson {
    return { nodeId: this.nodeId };
  }

  /** The node id and nothing else. */
  [INSPECT](): string {
    return `Identity { nodeId: '${this.nodeId}' }`;
  }
}

/** Access that the pool has to an identity of this very copy of the package. */
export interface SeedAccess {
  /** A copy of the seed, which the caller wipes or hands on. */
  copySeed(): Uint8Array;
  /** Calls back when the identity is destroyed; returns how to stop listening. */
  onDestroy(listener: () => void): () => void;
}

/** The seed of one of our own identities; undefined for any other {@link SigningIdentity} and after destroy. */
export function seedAccessOf(identity: SigningIdentity): SeedAccess | undefined {
  const secrets = secretsOf.get(identity);
  if (secrets === undefined) return undefined;
  return {
    copySeed: () => copyBytes(secrets.seed),
    onDestroy: (listener) => {
      secrets.onDestroy.add(listener);
      return () => secrets.onDestroy.delete(listener);
    },
  };
}

/** Throws unless the context is bytes that FIPS 204 allows. */
export function requireContext(context: unknown): asserts context is Uint8Array {
  requireBytes(context, 'context');
  if (context.length > CONTEXT_BYTES_MAX)
    throw new RangeError(`context must have at most ${CONTEXT_BYTES_MAX} bytes`);
}

function requireSecrets(identity: Identity): Secrets {
  const secrets = secretsOf.get(identity);
  if (secrets === undefined) throw new CryptoError('IDENTITY_DESTROYED', 'the identity was destroyed');
  return secrets;
}
