// Machines in a row that are network namespaces of this one, joined by virtual cables. Needs root.
import { execFileSync, spawn } from 'node:child_process';

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Why no namespaces can be made here; undefined where they can. */
export function whyNot() {
  const name = `ymprobe${process.pid}`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return undefined;
  } catch (error) {
    return process.getuid?.() === 0 ? String(error.message) : 'network namespaces need root';
  }
}

/** `count` machines; each has a cable to the next one. */
export class Row {
  #names;

  constructor(count) {
    this.#names = Array.from({ length: count }, (_, index) => `ym${process.pid}n${index}`);
    for (const name of this.#names) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    for (let index = 0; index + 1 < count; index += 1) this.#cable(index);
  }

  /** The address of machine `index` as its neighbour `from` sees it. */
  address(index, from) {
    return from < index ? `10.77.${from}.2` : `10.77.${index}.1`;
  }

  /** Pulls the cable between `index` and the next machine out, or puts it in. */
  cable(index, isIn) {
    ip('-n', this.#names[index + 1], 'link', 'set', `down${index}`, isIn ? 'up' : 'down');
  }

  /** Runs Node on a machine. */
  run(index, values) {
    return spawn('ip', ['netns', 'exec', this.#names[index], process.execPath, ...values], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  close() {
    for (const name of this.#names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // Whatever is left of it goes with the last process.
      }
    }
  }

  #cable(index) {
    const [from, to] = this.#names.slice(index, index + 2);
    ip('-n', from, 'link', 'add', `up${index}`, 'type', 'veth', 'peer', 'name', `down${index}`, 'netns', to);
    ip('-n', from, 'address', 'add', `10.77.${index}.1/24`, 'dev', `up${index}`);
    ip('-n', to, 'address', 'add', `10.77.${index}.2/24`, 'dev', `down${index}`);
    ip('-n', from, 'link', 'set', `up${index}`, 'up');
    ip('-n', to, 'link', 'set', `down${index}`, 'up');
  }
}
