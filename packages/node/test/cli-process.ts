import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command, as users run it. */
export const CLI_PATH = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running command and what it has printed so far. */
export class CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  readonly #looks = new Set<() => void>();
  #stdout = '';
  #stderr = '';

  /** In a process group of its own, as a terminal would start it. `before` is what starts Node elsewhere, as `ip netns exec` does. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ) {
    const { YAKMESH_PASSPHRASE: _, ...inherited } = process.env;
    const [command = process.execPath, ...words] = [...before, process.execPath, CLI_PATH, ...args];
    this.child = spawn(command, words, {
      env: { ...inherited, ...env },
      detached: true,
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      for (const look of this.#looks) look();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      for (const look of this.#looks) look();
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** Resolves once the text was printed on standard output. */
  printed(text: string): Promise<void> {
    return this.#shows(text, () => this.#stdout);
  }

  /** Resolves once the text was printed on standard error. */
  complained(text: string): Promise<void> {
    return this.#shows(text, () => this.#stderr);
  }

  #shows(text: string, output: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!output().includes(text)) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
      void this.ended.then(() => reject(new Error(`It ended without printing "${text}": ${this.#stderr}`)));
    });
  }

  /** Whether a process of its group still runs. */
  get isGroupAlive(): boolean {
    try {
      process.kill(-(this.child.pid ?? 0), 0);
      return true;
    } catch {
      return false;
    }
  }

  /** As Ctrl-C in a terminal does: to the whole group. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-(this.child.pid ?? 0), signal);
  }
}

/** Runs the command to its end. */
export function runCli(
  args: readonly string[],
  { input = '', env = {} }: CliOptions = {},
): Promise<CliResult> {
  const { child, ended } = new CliProcess(args, env);
  child.stdin?.on('error', () => undefined); // It may end without reading.
  child.stdin?.end(input);
  return ended;
}
