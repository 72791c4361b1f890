// The processes of the soak, each on a processor of its own, and what is asked of them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Milliseconds of a clock that all processes of this machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The processors that this process may use, as taskset names them; undefined where it is missing or there is only one. */
export function processors() {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const list = stdout.trim().split(': ').at(-1) ?? '';
  const numbers = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return numbers.length < 2 ? undefined : { list, attackers: numbers[0], honest: numbers[1] };
}

/** Moves all threads of this process; the soak's own may not disturb those that are measured. */
export function moveHere(list) {
  spawnSync('taskset', ['-acp', String(list), String(process.pid)]);
}

/** One process that runs a script of this folder: `ask(command)` sends a command and resolves to its answer. */
export class Process {
  #child;
  #answers = new Map();
  #asked = 0;

  constructor(script, { node = process.execPath, processor, flags = [] }) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const command = [node, '--disable-warning=ExperimentalWarning', ...flags, path];
    if (processor !== undefined) command.unshift('taskset', '-c', String(processor));
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', ({ id, ...answer }) => {
      this.#answers.get(id)?.resolve(answer);
      this.#answers.delete(id);
    });
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#answers.values()) reject(new Error(`${script} ended with ${code}.`));
    });
  }

  async ask(type, values = {}) {
    const answer = await new Promise((resolve, reject) => {
      this.#asked += 1;
      this.#answers.set(this.#asked, { resolve, reject });
      this.#child.send({ ...values, type, id: this.#asked });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

/** The other end of `Process`: does what it is told over IPC and answers with one message for each command. */
export function answer(commands) {
  process.on('message', ({ id, type, ...values }) => {
    Promise.resolve()
      .then(() => commands[type](values))
      .then(
        (result) => process.send({ ...result, id }),
        (error) => process.send({ error: `${type}: ${error.stack}`, id }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}
