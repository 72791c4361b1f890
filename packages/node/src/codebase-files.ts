import { codeOf } from '@yakmesh/core/transport';
import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NodeError } from './errors.js';

/** Files of one package or folder; what has more is data rather than code and fails with CODEBASE_TOO_LARGE. */
const FILES_MAX = 10_000;
/** Bytes of one file; larger ones are no source and would be read into memory whole. */
const FILE_BYTES_MAX = 16_777_216;
/** Installed by others and not part of the application's own code. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', '.git']);

/** One file of a codebase. */
export interface CodebaseFile {
  /** Relative to the package or folder, with '/' on every system. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** The files beneath a folder whose names match, or the file itself, sorted by their paths' UTF-16 code units. */
export async function* codebaseFiles(place: string, wanted: RegExp): AsyncGenerator<CodebaseFile> {
  const isFolder = await attempt(place, () => isRealFolder(place));
  const paths = isFolder ? await listed(place, wanted) : [''];
  for (const path of paths.sort()) {
    const whole = isFolder ? join(place, path) : place;
    const content = await attempt(whole, () => boundedFile(whole));
    yield { path: isFolder ? path : basename(place), content };
  }
}

async function listed(folder: string, wanted: RegExp): Promise<string[]> {
  const paths: string[] = [];
  const pending = [''];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    const place = join(folder, prefix);
    const entries: Dirent[] = await attempt(place, () => readdir(place, { withFileTypes: true }));
    for (const entry of entries) {
      const path = `${prefix}${entry.name}`;
      if (entry.isSymbolicLink()) throw symbolicLink(join(folder, path));
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) pending.push(`${path}/`);
      if (entry.isFile() && wanted.test(path)) paths.push(path);
    }
    if (paths.length + pending.length > FILES_MAX)
      throw new NodeError('CODEBASE_TOO_LARGE', `${folder} holds more than ${FILES_MAX} files.`);
  }
  return paths;
}

async function isRealFolder(place: string): Promise<boolean> {
  const stat = await lstat(place);
  if (stat.isSymbolicLink()) throw symbolicLink(place);
  return stat.isDirectory();
}

async function boundedFile(path: string): Promise<Uint8Array> {
  const { size } = await lstat(path);
  if (size > FILE_BYTES_MAX)
    throw new NodeError('CODEBASE_TOO_LARGE', `${path} has more than ${FILE_BYTES_MAX} bytes.`);
  return readFile(path);
}

/** A link could lead in circles, or outside what the caller named. */
function symbolicLink(path: string): NodeError {
  return new NodeError('CODEBASE_UNREADABLE', `${path} is a symbolic link, which is not followed.`);
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NodeError) throw error;
    const message = `${path} cannot be read (${codeOf(error) ?? 'unknown'}).`;
    throw new NodeError('CODEBASE_UNREADABLE', message, { cause: error });
  }
}
