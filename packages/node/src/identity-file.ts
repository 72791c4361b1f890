import {
  decodeIdentityFile,
  encodeNodeId,
  equalBytes,
  Identity,
  IDENTITY_FILE_BYTES,
  wipe,
  type NodeId,
} from '@yakmesh/crypto';
import { NodeError } from './errors.js';
import { decodePlainIdentity, encodePlainIdentity, type PlainIdentity } from './plain-identity.js';
import { createPrivateFile, readPrivateFile } from './private-file.js';

/** How an identity file is opened or made. */
export interface IdentityFileOptions {
  /** At most 1,024 characters. Without one, a new file is plain and a sealed one cannot be opened. */
  readonly passphrase?: string | undefined;
}

/** What an identity file tells without being opened. */
export interface IdentityFileSummary {
  /** As the file names it; only opening it proves that the seed is this node's. */
  readonly nodeId: NodeId;
  /** Whether a passphrase is needed. */
  readonly isSealed: boolean;
}

/** Reads who a file belongs to, without its secret. Rejects as {@link loadIdentity} does, but for the passphrase. */
export async function readIdentitySummary(path: string): Promise<IdentityFileSummary> {
  const bytes = await readPrivateFile(path, IDENTITY_FILE_BYTES);
  try {
    const sealed = decodeIdentityFile(bytes);
    if (sealed !== undefined) return { nodeId: encodeNodeId(sealed.nodeIdBytes), isSealed: true };
    const plain = requirePlain(bytes, path);
    wipe(plain.seed);
    return { nodeId: encodeNodeId(plain.nodeIdBytes), isSealed: false };
  } finally {
    wipe(bytes);
  }
}

/**
 * Opens an identity file, sealed or plain. Rejects with IDENTITY_FILE_MISSING, IDENTITY_FILE_UNREADABLE,
 * IDENTITY_FILE_PERMISSIONS, IDENTITY_BAD_FILE, IDENTITY_NEEDS_PASSPHRASE, or IDENTITY_BAD_PASSPHRASE.
 */
export async function loadIdentity(path: string, options: IdentityFileOptions = {}): Promise<Identity> {
  const bytes = await readPrivateFile(path, IDENTITY_FILE_BYTES);
  try {
    if (decodeIdentityFile(bytes) === undefined) return await fromPlain(requirePlain(bytes, path), path);
    if (options.passphrase === undefined || options.passphrase === '')
      throw new NodeError('IDENTITY_NEEDS_PASSPHRASE', `${path} is sealed: give its passphrase.`);
    return await Identity.unseal(bytes, options.passphrase);
  } finally {
    wipe(bytes);
  }
}

/**
 * Stores an identity in a new file of mode 0600: sealed (133 bytes) with a passphrase, plain (69 bytes) without.
 * Rejects with IDENTITY_FILE_EXISTS or IDENTITY_FILE_UNWRITABLE.
 */
export async function saveIdentity(
  path: string,
  identity: Identity,
  options: IdentityFileOptions = {},
): Promise<void> {
  const bytes =
    options.passphrase === undefined ? plainBytes(identity) : await identity.seal(options.passphrase);
  try {
    await createPrivateFile(path, bytes);
  } finally {
    wipe(bytes);
  }
}

function plainBytes(identity: Identity): Uint8Array {
  const seed = identity.exportSeed();
  try {
    return encodePlainIdentity({ nodeIdBytes: identity.nodeIdBytes, seed });
  } finally {
    wipe(seed);
  }
}

function requirePlain(bytes: Uint8Array, path: string): PlainIdentity {
  const plain = decodePlainIdentity(bytes);
  if (plain === undefined)
    throw new NodeError('IDENTITY_BAD_FILE', `${path} is no identity file, or it is damaged.`);
  return plain;
}

async function fromPlain({ nodeIdBytes, seed }: PlainIdentity, path: string): Promise<Identity> {
  try {
    const identity = await Identity.fromSeed(seed);
    if (equalBytes(identity.nodeIdBytes, nodeIdBytes)) return identity;
    identity.destroy();
    throw new NodeError('IDENTITY_BAD_FILE', `${path} is damaged: its seed is another node's than it says.`);
  } finally {
    wipe(seed);
  }
}
