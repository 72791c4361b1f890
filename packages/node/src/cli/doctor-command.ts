import { examine, type DoctorReport } from '../doctor.js';
import { EXIT } from './outcome.js';

/** The flags of `yakmesh doctor`. */
export interface DoctorFlags {
  readonly include?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
}

/** Says whether a node can work here, and with what; the exit code tells it too. */
export async function runDoctor(flags: DoctorFlags): Promise<void> {
  const report = await examine({ include: flags.include });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : textOf(report));
  for (const problem of report.problems) process.stderr.write(`yakmesh: ${problem}\n`);
  if (!report.ok) process.exitCode = EXIT.failed;
}

function textOf(report: DoctorReport): string {
  const { yakmesh, node, system, processors, crypto, pool, masking, codebase, limits, advice } = report;
  const width = Math.max(...limits.map(({ name }) => name.length));
  const lines = [
    `yakmesh ${yakmesh} on Node ${node}, ${system}, ${processors} processors`,
    '',
    'Cryptography',
    ...crypto.map(
      ({ algorithm, provider, detail }) => `  ${algorithm.padEnd(12)}${provider.padEnd(24)}${detail}`,
    ),
    pool === undefined
      ? '  signing pool  does not work'
      : `  ${'signing pool'.padEnd(12)}  ${pool.mode}; a signature and its verification take ${pool.roundTripMs} ms`,
    `  ${'frame masks'.padEnd(12)}  ${masking}`,
    '',
    `Codebase fingerprint  ${codebase?.fingerprint ?? 'unknown'}`,
    ...(codebase?.parts ?? []).map(
      ({ name, version = '', files, fingerprint }) =>
        `  ${`${name} ${version}`.padEnd(24)}${String(files).padStart(4)} files  ${fingerprint}`,
    ),
    '',
    'Limits',
    ...limits.map(
      ({ name, value, unit }) => `  ${name.padEnd(width)}  ${value.toLocaleString('en')} ${unit}`,
    ),
    ...(advice.length > 0 ? ['', 'Advice', ...advice.map((sentence) => `  ${sentence}`)] : []),
    '',
    report.ok ? 'A node can work here.' : 'A node cannot work here.',
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
