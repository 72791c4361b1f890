import { codeOf } from '@yakmesh/core/transport';
import { Identity, type NodeId } from '@yakmesh/crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { NodeError } from '../errors.js';
import { loadIdentity, readIdentitySummary, saveIdentity } from '../identity-file.js';
import { askNewPassphrase, askPassphrase, PASSPHRASE_VARIABLE, takePassphrase } from './passphrase.js';

/** The flags of `yakmesh id`. */
export interface IdFlags {
  /** False with --no-passphrase. */
  readonly passphrase: boolean;
  readonly check?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface IdReport {
  readonly nodeId: NodeId;
  readonly file: string;
  readonly created: boolean;
  readonly sealed: boolean;
  /** Whether the secret was opened and is this node's. */
  readonly checked: boolean;
}

/** Where the identity is when no file is named. */
export function defaultIdentityPath(): string {
  return join(homedir(), '.yakmesh', 'identity');
}

/** Shows whose identity file it is, or creates it where there is none. */
export async function runId(file: string | undefined, flags: IdFlags): Promise<void> {
  const path = file ?? defaultIdentityPath();
  const passphrase = takePassphrase(process.env);
  const report = (await existing(path, passphrase, flags)) ?? (await created(path, passphrase, flags));
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : textOf(report));
}

async function existing(
  path: string,
  passphrase: string | undefined,
  flags: IdFlags,
): Promise<IdReport | undefined> {
  try {
    const { nodeId, isSealed } = await readIdentitySummary(path);
    const isChecked = !isSealed || passphrase !== undefined || flags.check === true;
    if (isChecked) await openOnce(path, isSealed ? (passphrase ?? (await askToOpen(path))) : undefined);
    return { nodeId, file: path, created: false, sealed: isSealed, checked: isChecked };
  } catch (error) {
    if (codeOf(error) === 'IDENTITY_FILE_MISSING' && flags.check !== true) return undefined;
    throw error;
  }
}

async function openOnce(path: string, passphrase: string | undefined): Promise<void> {
  const identity = await loadIdentity(path, { passphrase });
  identity.destroy();
}

/**
 * The passphrase of an identity file that is there, or of the one that is made now; undefined for one in the clear. It is taken from `given`
 * or asked for at the terminal.
 */
export async function passphraseOf(
  path: string,
  given: string | undefined,
  flags: Pick<IdFlags, 'passphrase'>,
): Promise<string | undefined> {
  try {
    const { isSealed } = await readIdentitySummary(path);
    return isSealed ? (given ?? (await askToOpen(path))) : undefined;
  } catch (error) {
    if (codeOf(error) !== 'IDENTITY_FILE_MISSING') throw error;
    const passphrase = await passphraseForNew(given, flags);
    const identity = await Identity.generate();
    try {
      await saveIdentity(path, identity, { passphrase });
    } finally {
      identity.destroy();
    }
    return passphrase;
  }
}

async function passphraseForNew(
  given: string | undefined,
  { passphrase: isWanted }: Pick<IdFlags, 'passphrase'>,
): Promise<string | undefined> {
  return isWanted ? (given ?? (await askForNew())) : undefined;
}

async function created(path: string, given: string | undefined, flags: IdFlags): Promise<IdReport> {
  const passphrase = await passphraseForNew(given, flags);
  if (path === defaultIdentityPath()) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const identity = await Identity.generate();
  try {
    await saveIdentity(path, identity, { passphrase });
    return {
      nodeId: identity.nodeId,
      file: path,
      created: true,
      sealed: passphrase !== undefined,
      checked: true,
    };
  } finally {
    identity.destroy();
  }
}

async function askToOpen(path: string): Promise<string> {
  requireTerminal(`${path} is sealed: set ${PASSPHRASE_VARIABLE} to its passphrase.`);
  return askPassphrase('Passphrase: ', { input: process.stdin, output: process.stderr });
}

async function askForNew(): Promise<string> {
  requireTerminal(
    `A new identity is sealed by a passphrase: set ${PASSPHRASE_VARIABLE}, or store it in the clear with --no-passphrase.`,
  );
  return askNewPassphrase({ input: process.stdin, output: process.stderr });
}

function requireTerminal(otherwise: string): void {
  if (!process.stdin.isTTY) throw new NodeError('IDENTITY_NEEDS_PASSPHRASE', otherwise);
}

function textOf({ nodeId, file, created, sealed, checked }: IdReport): string {
  const how = sealed ? 'sealed by a passphrase' : 'not sealed: whoever reads it is this node';
  const state = created ? 'created' : checked ? 'opened and checked' : 'not opened; --check does';
  return `${nodeId}\n${file}: ${how}; ${state}\n`;
}
