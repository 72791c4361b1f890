// Finds the packages' own bench, fuzz and soak scripts: packages/<package>/<kind>/<name>.<kind>.mjs, each of which
// default-exports `{ name, run(context) }`.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packages } from './workspace.mjs';

/** The caller's mistake: printed without a stack, exit code 2. */
export class UsageError extends Error {}

/** The files of one kind, lowest floor first: `{ package, name, path }`. */
export function filesOf(kind) {
  const suffix = `.${kind}.mjs`;
  return packages().flatMap(({ folder, path }) => {
    const place = join(path, kind);
    if (!existsSync(place)) return [];
    return readdirSync(place)
      .filter((file) => file.endsWith(suffix))
      .sort()
      .map((file) => ({ package: folder, name: basename(file, suffix), path: join(place, file) }));
  });
}

/** The files whose package or name is wanted; all of them without a wish. An unknown wish is a UsageError. */
export function filesWanted(kind, wanted) {
  const files = filesOf(kind);
  if (files.length === 0)
    throw new UsageError(`No package has a ${kind}/*.${kind}.mjs yet, so there is nothing to run.`);
  const unknown = wanted.filter((wish) => !files.some((file) => isWanted(file, wish)));
  if (unknown.length > 0) {
    const names = files.map((file) => `${file.package}/${file.name}`).join(', ');
    throw new UsageError(
      `There is no ${kind} script or package named ${unknown.join(', ')}. There are: ${names}.`,
    );
  }
  return wanted.length === 0 ? files : files.filter((file) => wanted.some((wish) => isWanted(file, wish)));
}

function isWanted(file, wish) {
  return [file.package, `@yakmesh/${file.package}`, file.name, `${file.package}/${file.name}`].includes(wish);
}

export async function load(file) {
  const { default: script } = await import(pathToFileURL(file.path).href);
  if (typeof script?.run === 'function' && typeof script.name === 'string') return script;
  throw new Error(`${file.path} must default-export { name, run(context) }.`);
}

/** A whole number of an option, or undefined where the option was not given. */
export function wholeNumber(option, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`--${option} wants a whole number, not "${text}".`);
}

/** Runs a tool's main function: a wrong argument exits with 2, anything else that failed with 1. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    const isUsage = error instanceof UsageError || String(error?.code).startsWith('ERR_PARSE_ARGS');
    console.error(isUsage ? error.message : (error?.stack ?? String(error)));
    process.exitCode = isUsage ? 2 : 1;
  }
}
