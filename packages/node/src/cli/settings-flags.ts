import { Option, type Command } from 'commander';
import { CONFIG_FILE_NAME, CONFIG_VARIABLE } from '../config/resolve-settings.js';
import { flagOf, SETTING_KEYS, SETTINGS, variableOf, type SettingKey } from '../config/settings.js';

/** What a command needs that talks to a running node. */
export const PLACE_KEYS: readonly SettingKey[] = ['dataDir', 'controlPath'];

/** Adds the flags of settings, of all unless told otherwise, and `--config`. */
export function addSettings(command: Command, keys: readonly SettingKey[] = SETTING_KEYS): Command {
  for (const key of keys) {
    const { placeholder, description, fallback } = SETTINGS[key];
    const isTold = fallback !== undefined && !Array.isArray(fallback);
    const more = isTold ? ` (default: ${String(fallback)})` : '';
    command.addOption(
      new Option(`${flagOf(key)} <${placeholder}>`, `${description}${more} [${variableOf(key)}]`),
    );
  }
  return command.option(
    '--config <path>',
    `configuration file (default: ${CONFIG_FILE_NAME} in the data directory) [${CONFIG_VARIABLE}]`,
  );
}
