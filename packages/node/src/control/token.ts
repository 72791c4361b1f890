import { bytesToHex, randomBytes } from '@yakmesh/crypto';
import { timingSafeEqual } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { NodeError } from '../errors.js';
import { examinePrivateFile, replacePrivateFile } from '../private-file.js';

const TOKEN_BYTES = 32;
const TOKEN_TEXT = /^[0-9a-f]{64}$/;

/** What a client shows to be let in. */
export interface ControlToken {
  readonly bytes: Uint8Array;
  /** The user whose file it is in. */
  readonly owner: number;
}

/** Makes a new token and keeps it in a file that only its owner may read. Rejects with NODE_DATA_UNUSABLE. */
export async function createToken(path: string): Promise<Uint8Array> {
  const token = randomBytes(TOKEN_BYTES);
  try {
    await replacePrivateFile(path, new TextEncoder().encode(`${bytesToHex(token)}\n`));
  } catch (error) {
    throw new NodeError(
      'NODE_DATA_UNUSABLE',
      `${path} cannot be written; see to the folder's owner and mode.`,
      {
        cause: error,
      },
    );
  }
  return token;
}

export async function removeToken(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Reads the token of a running node. Rejects with NODE_NOT_RUNNING or NODE_CONTROL_DENIED. */
export async function readToken(path: string): Promise<ControlToken> {
  const file = await examinePrivateFile(path, 2 * TOKEN_BYTES + 1);
  switch (file.type) {
    case 'missing':
      throw new NodeError(
        'NODE_NOT_RUNNING',
        `There is no ${path}: no node of this data directory runs; start it by yakmesh up.`,
      );
    case 'exposed':
      throw new NodeError(
        'NODE_CONTROL_DENIED',
        `${path} has mode ${file.mode}, so others could control the node; run: chmod 600 ${path}, and restart the node.`,
      );
    case 'unreadable':
      throw new NodeError('NODE_CONTROL_DENIED', file.sentence, { cause: file.cause });
    case 'bytes': {
      const bytes = tokenBytesOf(new TextDecoder().decode(file.bytes).trim());
      if (bytes === undefined)
        throw new NodeError('NODE_CONTROL_DENIED', `${path} holds no token; restart the node.`);
      return { bytes, owner: file.owner };
    }
    default:
      return file satisfies never;
  }
}

/** A token from its 64 hexadecimal digits. */
export function tokenBytesOf(text: string): Uint8Array | undefined {
  return TOKEN_TEXT.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined;
}

/** In constant time. */
export function isSameToken(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
