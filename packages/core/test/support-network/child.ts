import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Child processes run the built package: they know nothing of TypeScript. */
export function isBuilt(): boolean {
  return existsSync(new URL('../../dist/index.js', import.meta.url));
}

const LIMIT_MS = 60_000;

/** Starts a script of this folder in a process of its own. */
export function startChild(
  script: string,
  nodeOptions: readonly string[] = [],
  values: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return new Child(
    spawn(process.execPath, [...nodeOptions, path, ...values], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    }),
  );
}

/** Runs a script to its end. */
export async function runChild(
  script: string,
  nodeOptions: readonly string[] = [],
  values: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const child = startChild(script, nodeOptions, values, env);
  return { code: await child.exited, lines: child.lines };
}

/** A process that is told things line by line, and answers so. */
export class Child {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  #heard: (() => void) | undefined;

  constructor(process: ChildProcess) {
    this.process = process;
    const timer = setTimeout(() => process.kill('SIGKILL'), LIMIT_MS);
    this.exited = new Promise((resolve) =>
      process.once('close', (code) => {
        clearTimeout(timer);
        this.#heard?.();
        resolve(code);
      }),
    );
    if (process.stdout === null) throw new TypeError('the child has no output');
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#heard?.();
    });
  }

  say(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** The rest of the next line that begins so, also if it has come already. */
  async line(beginning: string): Promise<string> {
    for (;;) {
      const index = this.lines.findIndex((line) => line.startsWith(beginning));
      if (index >= 0) return this.lines.splice(index, 1)[0]?.slice(beginning.length).trim() ?? '';
      if (this.process.exitCode !== null)
        throw new RangeError(`the child ended before it said "${beginning}"`);
      await new Promise<void>((resolve) => void (this.#heard = resolve));
    }
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.process.kill('SIGCONT');
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
