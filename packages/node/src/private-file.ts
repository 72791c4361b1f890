import { bytesToHex, randomBytes } from '@yakmesh/crypto';
import { codeOf } from '@yakmesh/core/transport';
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NodeError } from './errors.js';

/** Read and write for the owner alone. */
const PRIVATE_MODE = 0o600;
/** Any of these bits lets somebody else at the file. */
const OTHERS_MODE = 0o077;
/** Windows has no mode bits: there the folder's access list protects the file. */
const HAS_MODES = process.platform !== 'win32';

/** What came of reading a private file. */
export type PrivateFile =
  | {
      readonly type: 'bytes';
      readonly bytes: Uint8Array;
      /** The user it belongs to. */ readonly owner: number;
    }
  | { readonly type: 'missing' }
  | { readonly type: 'exposed'; readonly mode: string }
  | { readonly type: 'unreadable'; readonly sentence: string; readonly cause?: unknown };

/**
 * Reads a file that only its owner may read. A longer file than `bytesMax` is cut after one byte more, so that the
 * caller sees that it is too long. Mode and type are asked of the opened file, so nobody can swap it in between. Never rejects.
 */
export async function examinePrivateFile(path: string, bytesMax: number): Promise<PrivateFile> {
  let file: FileHandle | undefined;
  try {
    // A named pipe would otherwise block here until somebody writes to it.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await file.stat();
    if (!stat.isFile()) return { type: 'unreadable', sentence: `${path} is no regular file.` };
    if (HAS_MODES && (stat.mode & OTHERS_MODE) !== 0)
      return { type: 'exposed', mode: (stat.mode & 0o777).toString(8) };
    const buffer = new Uint8Array(bytesMax + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return { type: 'bytes', bytes: buffer.subarray(0, bytesRead), owner: stat.uid };
  } catch (error) {
    const code = codeOf(error) ?? 'unknown';
    if (code === 'ENOENT') return { type: 'missing' };
    return { type: 'unreadable', sentence: `${path} cannot be read (${code}).`, cause: error };
  } finally {
    await file?.close();
  }
}

/** The bytes of an identity file, read as {@link examinePrivateFile} reads. */
export async function readPrivateFile(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await examinePrivateFile(path, bytesMax);
  switch (file.type) {
    case 'bytes':
      return file.bytes;
    case 'missing':
      throw new NodeError('IDENTITY_FILE_MISSING', `There is no file ${path}.`);
    case 'exposed':
      throw new NodeError(
        'IDENTITY_FILE_PERMISSIONS',
        `${path} has mode ${file.mode}, so others can use this identity; run: chmod 600 ${path}`,
      );
    case 'unreadable':
      throw new NodeError('IDENTITY_FILE_UNREADABLE', file.sentence, { cause: file.cause });
    default:
      return file satisfies never;
  }
}

/** Writes a file of mode 0600 in the place of whatever was there; it is there completely or not at all. Rejects as the system does. */
export async function replacePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeNew(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Creates a file of mode 0600 that is there completely or not at all, and never replaces one. The name is claimed by an
 * empty file first: whoever of two writers comes second fails, which a rename alone would not see to.
 */
export async function createPrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryBeside(path);
  let isClaimed = false;
  try {
    await (await openNew(path)).close();
    isClaimed = true;
    await writeNew(temporary, bytes);
    await rename(temporary, path);
    isClaimed = false;
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    if (isClaimed) await rm(path, { force: true });
    const code = codeOf(error) ?? 'unknown';
    if (code === 'EEXIST')
      throw new NodeError('IDENTITY_FILE_EXISTS', `${path} exists and is not overwritten.`);
    throw new NodeError('IDENTITY_FILE_UNWRITABLE', `${path} cannot be written (${code}).`, { cause: error });
  }
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${bytesToHex(randomBytes(8))}.tmp`);
}

function openNew(path: string): Promise<FileHandle> {
  return open(path, 'wx', PRIVATE_MODE);
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await openNew(path);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name survive a power cut, where folders can be synced at all. */
async function syncFolder(path: string): Promise<void> {
  if (!HAS_MODES) return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } catch {
    // Some file systems cannot sync a folder; the file itself is safe already.
  } finally {
    await folder.close();
  }
}
