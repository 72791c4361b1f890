import { execFileSync } from 'node:child_process';

/** Where a process runs: what starts it there, and the address that others reach it at. */
export interface Machine {
  readonly command: readonly string[];
  readonly address: string;
}

const CABLE = 'cable';

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Two machines with a cable between them: network namespaces, or this machine twice where none can be made. */
export class Machines {
  readonly #names: readonly [string, string];
  readonly all: readonly [Machine, Machine];
  /** Why the cable cannot be pulled; undefined where it can. */
  readonly whyNoCut: string | undefined;

  constructor() {
    this.#names = [`ymproc${process.pid}a`, `ymproc${process.pid}b`];
    this.whyNoCut = this.#make();
    const here: Machine = { command: [], address: '127.0.0.1' };
    this.all =
      this.whyNoCut === undefined
        ? [namespace(this.#names[0], 0), namespace(this.#names[1], 1)]
        : [here, here];
  }

  /** Pulls the cable out: nothing passes, and nobody is told. */
  cut(): void {
    ip('-n', this.#names[1], 'link', 'set', CABLE, 'down');
  }

  /** Puts it in again. */
  mend(): void {
    ip('-n', this.#names[1], 'link', 'set', CABLE, 'up');
    this.#route(1);
  }

  /** What processes still run there end with them. */
  remove(): void {
    for (const name of this.#names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // There is none.
      }
    }
  }

  #make(): string | undefined {
    const [first, second] = this.#names;
    try {
      for (const [index, name] of this.#names.entries()) {
        ip('netns', 'add', name);
        ip('-n', name, 'link', 'set', 'lo', 'up');
        // At the loopback interface, where it stays while the cable is out.
        ip('-n', name, 'address', 'add', `${addressOf(index)}/32`, 'dev', 'lo');
      }
      ip('-n', first, 'link', 'add', CABLE, 'type', 'veth', 'peer', 'name', CABLE, 'netns', second);
      for (const [index, name] of this.#names.entries()) {
        ip('-n', name, 'link', 'set', CABLE, 'up');
        this.#route(index);
      }
      return undefined;
    } catch (error) {
      this.remove();
      return process.getuid?.() === 0 ? String(error) : 'network namespaces need root';
    }
  }

  #route(index: number): void {
    const words = [`${addressOf(1 - index)}/32`, 'dev', CABLE, 'src', addressOf(index)];
    ip('-n', this.#names[index] ?? '', 'route', 'replace', ...words);
  }
}

function addressOf(index: number): string {
  return `10.79.${index}.1`;
}

function namespace(name: string, index: number): Machine {
  return { command: ['ip', 'netns', 'exec', name], address: addressOf(index) };
}
