import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { flagOf, SETTING_KEYS, SETTINGS, variableOf, VARIABLE_PREFIX, type SettingKey } from './settings.js';

/** Where a value comes from; what stands first wins. */
export type SourceType = 'flag' | 'environment' | 'file' | 'default';

/** A value as one source gives it. */
export interface Given {
  readonly value: unknown;
  readonly type: SourceType;
  /** As people know it: `--ws-port`, `YAKMESH_WS_PORT`, `/etc/yakmesh.json: wsPort`. */
  readonly place: string;
}

/** What one source gives: good values, and a sentence for each that cannot be used. */
export interface Source {
  readonly values: ReadonlyMap<SettingKey, Given>;
  readonly problems: readonly Problem[];
  /** What was passed over. */
  readonly warnings: readonly string[];
}

/** What is wrong with one setting of one source. */
export interface Problem {
  /** 'file' where a whole file cannot be used; undefined for what is no setting. */
  readonly key: SettingKey | 'file' | undefined;
  readonly sentence: string;
}

/** What is shown of a value that cannot be used; the rest is cut. */
const VALUE_SHOWN_LENGTH_MAX = 80;

class Collector implements Source {
  readonly values = new Map<SettingKey, Given>();
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];

  /** Takes a value that was read, or says what it ought to be. */
  take(key: SettingKey, raw: unknown, value: unknown, given: Omit<Given, 'value'>): void {
    if (value !== undefined) this.values.set(key, { ...given, value });
    else
      this.problems.push({
        key,
        sentence: `${given.place} is ${SETTINGS[key].kind.what}, not ${shown(raw)}.`,
      });
  }
}

/** The values of flags, as the command line gives them: texts, or several of them. */
export function readFlags(flags: Readonly<Record<string, unknown>>, folder: string): Source {
  const found = new Collector();
  for (const key of SETTING_KEYS) {
    const given = flags[key];
    if (given === undefined) continue;
    const raw = flagText(given);
    found.take(key, raw, fromText(key, raw, folder), { type: 'flag', place: flagOf(key) });
  }
  return found;
}

/** A flag's text; several of a list are one text, as in the environment. */
function flagText(given: unknown): string {
  const parts = Array.isArray(given) ? given : [given];
  return parts.filter((part): part is string => typeof part === 'string').join(',');
}

/** The variables of the environment. One that is empty counts as not given. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
  others: readonly string[],
): Source {
  const found = new Collector();
  const known = new Map(SETTING_KEYS.map((key) => [variableOf(key), key]));
  for (const [name, raw = ''] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || raw === '' || others.includes(name)) continue;
    const key = known.get(name);
    // No error: a container platform sets variables of this prefix for a service that bears our name.
    if (key === undefined) found.warnings.push(`${name} is no setting of yakmesh, and is passed over.`);
    else found.take(key, raw, fromText(key, raw, folder), { type: 'environment', place: name });
  }
  return found;
}

/** The object of a configuration file. A key that is no setting is a problem, for it is a typing error. */
export function readObject(object: Readonly<Record<string, unknown>>, path: string, folder: string): Source {
  const found = new Collector();
  readGroup(found, object, undefined, { path, folder });
  return found;
}

interface FilePlace {
  readonly path: string;
  readonly folder: string;
}

function readGroup(
  found: Collector,
  object: Readonly<Record<string, unknown>>,
  group: string | undefined,
  file: FilePlace,
): void {
  const names = SETTING_KEYS.filter((key) => SETTINGS[key].group === group);
  for (const [name, raw] of Object.entries(object)) {
    const place = `${file.path}: ${group === undefined ? '' : `${group}.`}${name}`;
    const key = names.find((each) => each === name);
    if (key !== undefined) {
      found.take(key, raw, fromJson(key, raw, file.folder), { type: 'file', place });
    } else if (group === undefined && name === 'rateLimiter' && isObject(raw)) {
      readGroup(found, raw, name, file);
    } else {
      found.problems.push({ key: undefined, sentence: `${place} ${whyUnknown(name, group, names)}` });
    }
  }
}

function whyUnknown(name: string, group: string | undefined, names: readonly string[]): string {
  if (name === 'rateLimiter') return 'is an object of limits, as {"banThreshold": 5}.';
  if (name === 'passphrase')
    return 'is never read from a file: set YAKMESH_PASSPHRASE, or type it when asked.';
  const known = group === undefined ? [...names, 'rateLimiter'] : names;
  return `is no setting; known are ${known.join(', ')}.`;
}

function fromText(key: SettingKey, raw: string, folder: string): unknown {
  return placed(key, SETTINGS[key].kind.fromText(raw), folder);
}

function fromJson(key: SettingKey, raw: unknown, folder: string): unknown {
  return placed(key, SETTINGS[key].kind.fromJson(raw), folder);
}

/** A path that is absolute from now on. A shell would have replaced the `~` of a flag; nobody does in a file. */
function placed(key: SettingKey, value: unknown, folder: string): unknown {
  if (SETTINGS[key].isPath !== true || typeof value !== 'string') return value;
  return value.startsWith('~/') ? join(homedir(), value.slice(2)) : resolve(folder, value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length <= VALUE_SHOWN_LENGTH_MAX ? text : `${text.slice(0, VALUE_SHOWN_LENGTH_MAX)}…`;
}
