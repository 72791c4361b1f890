import { resolveSettings, type ResolvedSettings } from '../config/resolve-settings.js';
import { SETTING_KEYS } from '../config/settings.js';
import { PASSPHRASE_VARIABLE, takePassphrase } from './passphrase.js';

/** The flags of `yakmesh config`, settings among them. */
export interface ConfigFlags extends Readonly<Record<string, unknown>> {
  readonly json?: boolean | undefined;
}

const HIDDEN = '(hidden)';

/** Shows what a node would go by, and where each setting comes from; the passphrase alone is not shown. */
export async function runConfig(flags: ConfigFlags): Promise<void> {
  const passphrase = takePassphrase(process.env) === undefined ? undefined : HIDDEN;
  const resolved = await resolveSettings({ flags, env: process.env });
  for (const warning of resolved.warnings) process.stderr.write(`yakmesh: WARNING: ${warning}\n`);
  process.stdout.write(flags.json === true ? json(resolved, passphrase) : text(resolved, passphrase));
}

function json({ origins, file }: ResolvedSettings, passphrase: string | undefined): string {
  const settings = Object.fromEntries(
    SETTING_KEYS.map((key) => {
      const { value, place } = origins[key];
      return [key, { value: value ?? null, source: place }];
    }),
  );
  const secret = {
    value: passphrase ?? null,
    source: passphrase === undefined ? 'default' : PASSPHRASE_VARIABLE,
  };
  return `${JSON.stringify({ file: file ?? null, settings: { ...settings, passphrase: secret } })}\n`;
}

function text({ origins, file }: ResolvedSettings, passphrase: string | undefined): string {
  const rows = SETTING_KEYS.map((key): readonly string[] => {
    const { value, place } = origins[key];
    return [key, value === undefined ? '–' : JSON.stringify(value), place];
  });
  rows.push(['passphrase', passphrase ?? '–', passphrase === undefined ? 'default' : PASSPHRASE_VARIABLE]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${[file === undefined ? 'no configuration file' : `configuration file ${file}`, '', ...lines].join('\n')}\n`;
}
