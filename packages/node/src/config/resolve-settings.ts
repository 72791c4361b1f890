import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { controlPathProblem, defaultControlPath } from '../control/control-place.js';
import { ConfigError } from '../errors.js';
import { readConfigFile } from './config-file.js';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.js';
import { readEnvironment, readFlags, readObject, type Given, type Problem, type Source } from './sources.js';

/** The configuration file, in the data directory. */
export const CONFIG_FILE_NAME = 'yakmesh.config.json';
/** Names another configuration file. */
export const CONFIG_VARIABLE = 'YAKMESH_CONFIG';
/** Variables of ours that are no settings. */
const OTHER_VARIABLES = [CONFIG_VARIABLE, 'YAKMESH_PASSPHRASE'];

/** What settings are made from. */
export interface SettingSources {
  /** By the names of the settings; `config` names the file. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Problems of other settings are passed over: a command that stops a node needs to know only where it is. @default all */
  readonly wanted?: readonly SettingKey[] | undefined;
}

/** Settings and where each comes from. */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingKey, Given>>;
  /** The configuration file that was read. */
  readonly file: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * What a node goes by: flags before the environment, before the file, before defaults.
 *
 * Rejects with a ConfigError that lists every problem of every source.
 */
export async function resolveSettings({ flags, env, wanted }: SettingSources): Promise<ResolvedSettings> {
  const folder = process.cwd();
  const given = [readFlags(flags, folder), readEnvironment(env, folder, OTHER_VARIABLES)];
  const named = typeof flags['config'] === 'string' ? flags['config'] : env[CONFIG_VARIABLE] || undefined;
  const firstDataDir = first('dataDir', given)?.value as string | undefined;
  const place = firstDataDir ?? join(homedir(), '.yakmesh');
  const path = named === undefined ? join(place, CONFIG_FILE_NAME) : resolve(folder, named);
  const file = await readFile(path, named !== undefined);
  const sources = [...given, file];
  const dataDir = first('dataDir', sources)?.value as string | undefined;
  const origins = originsOf(sources, dataDir ?? place);
  const problems = [...sources.flatMap((source) => source.problems), ...placeProblems(origins)];
  const grave = problems.filter(({ key }) => wanted === undefined || isWanted(key, wanted));
  if (grave.length > 0) throw new ConfigError(grave.map(({ sentence }) => sentence));
  const entries = SETTING_KEYS.map((key) => [key, origins[key].value]);
  // Each value was read by the kind of its key.
  const settings = Object.fromEntries(entries) as unknown as Settings;
  const warnings = sources.flatMap((source) => source.warnings);
  return { settings, origins, file: file.isRead ? path : undefined, warnings };
}

function isWanted(key: Problem['key'], wanted: readonly SettingKey[]): boolean {
  return key === 'file' || (key !== undefined && wanted.includes(key));
}

interface FileSource extends Source {
  readonly isRead: boolean;
}

async function readFile(path: string, isNamed: boolean): Promise<FileSource> {
  const nothing = { values: new Map<SettingKey, Given>(), problems: [], warnings: [], isRead: false };
  const failed = (sentence: string): FileSource => ({ ...nothing, problems: [{ key: 'file', sentence }] });
  const file = await readConfigFile(path);
  switch (file.type) {
    case 'missing':
      return isNamed ? failed(`There is no configuration file ${path}.`) : nothing;
    case 'problem':
      return failed(file.problem);
    case 'object':
      return { ...withoutOwnPlace(readObject(file.value, path, dirname(path)), isNamed), isRead: true };
    default:
      return file satisfies never;
  }
}

/** A file that was found in the data directory cannot say where that is. */
function withoutOwnPlace(source: Source, isNamed: boolean): Source {
  const dataDir = source.values.get('dataDir');
  if (isNamed || dataDir === undefined) return source;
  const values = new Map(source.values);
  values.delete('dataDir');
  const sentence = `${dataDir.place} cannot stand in the file that is looked for there; name the file by --config.`;
  return { ...source, values, problems: [...source.problems, { key: 'dataDir', sentence }] };
}

function first(key: SettingKey, sources: readonly Source[]): Given | undefined {
  for (const { values } of sources) {
    const given = values.get(key);
    if (given !== undefined) return given;
  }
  return undefined;
}

function originsOf(sources: readonly Source[], dataDir: string): Record<SettingKey, Given> {
  const fallbacks: Partial<Record<SettingKey, unknown>> = {
    dataDir,
    identityFile: join(dataDir, 'identity'),
    controlPath: defaultControlPath(dataDir),
  };
  const origin = (key: SettingKey): Given =>
    first(key, sources) ?? {
      type: 'default',
      place: 'default',
      value: fallbacks[key] ?? SETTINGS[key].fallback,
    };
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, origin(key)])) as Record<SettingKey, Given>;
}

function placeProblems({ controlPath }: Readonly<Record<SettingKey, Given>>): Problem[] {
  const problem = controlPathProblem(controlPath.value as string);
  return problem === undefined ? [] : [{ key: 'controlPath', sentence: problem }];
}
