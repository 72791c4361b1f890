import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codebaseFiles, type CodebaseFile } from './codebase-files.js';
import { NodeError } from './errors.js';
import { installedPackages } from './installed-packages.js';

/** Separates this hash from every other use of SHA-256 over files. */
const LABEL = 'yakmesh codebase v1';
const BUILT = /\.js$/;
const APPLICATION = /\.[cm]?js$/;

/** What a codebase fingerprint covers. */
export interface CodebaseOptions {
  /**
   * The application's own files, or folders whose `.js`, `.mjs` and `.cjs` files are meant, without `node_modules`; in the
   * order given, each by its path relative to the folder. @default []
   */
  readonly include?: readonly string[] | undefined;
}

/** One hashed part of a codebase. */
export interface CodebasePart {
  /** The package's name; 'application' for what was included. */
  readonly name: string;
  /** Undefined for what was included. */
  readonly version?: string | undefined;
  /** Number of files hashed. */
  readonly files: number;
  /** SHA-256 of this part, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

/** A codebase fingerprint and what went into it, so that two machines can find where they differ. */
export interface Codebase {
  /** SHA-256, 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly parts: readonly CodebasePart[];
}

/**
 * A hash of the built JavaScript of the installed packages of YAKMESH and optionally of the application's, to be used as
 * `networkFingerprint` where a network wants "the same codebase" to mean something. It is a label that a node reports of
 * itself, never a proof of what a stranger runs. Rejects with CODEBASE_NOT_BUILT, CODEBASE_UNREADABLE, CODEBASE_TOO_LARGE.
 */
export async function codebaseFingerprint(options: CodebaseOptions = {}): Promise<string> {
  return (await describeCodebase(options)).fingerprint;
}

/** As {@link codebaseFingerprint}, with the fingerprint of every part. */
export async function describeCodebase(options: CodebaseOptions = {}): Promise<Codebase> {
  const parts: CodebasePart[] = [];
  for (const { name, version, folder } of await installedPackages()) {
    const dist = join(folder, 'dist');
    if (!existsSync(dist))
      throw new NodeError('CODEBASE_NOT_BUILT', `${name} has no ${dist}; run its build first.`);
    parts.push({ name, version, ...(await hashPart(name, codebaseFiles(dist, BUILT))) });
  }
  for (const path of options.include ?? []) {
    const name = 'application';
    parts.push({ name, ...(await hashPart(name, codebaseFiles(resolve(path), APPLICATION))) });
  }
  const whole = createHash('sha256');
  addField(whole, LABEL);
  for (const { name, fingerprint } of parts) {
    addField(whole, name);
    addField(whole, fingerprint);
  }
  return { fingerprint: whole.digest('hex'), parts };
}

async function hashPart(
  name: string,
  files: AsyncIterable<CodebaseFile>,
): Promise<Pick<CodebasePart, 'files' | 'fingerprint'>> {
  const part = createHash('sha256');
  addField(part, LABEL);
  addField(part, name);
  let count = 0;
  for await (const { path, content } of files) {
    addField(part, path);
    addField(part, content);
    count += 1;
  }
  return { files: count, fingerprint: part.digest('hex') };
}

/** Every field goes in behind its length in bytes (u32), so that no two lists of fields read the same. */
function addField(hash: Hash, field: string | Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(field));
  hash.update(length).update(field);
}
