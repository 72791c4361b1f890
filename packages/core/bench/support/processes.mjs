// Starts the two processes of a benchmark, on any Node, and speaks with them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PEER = fileURLToPath(new URL('./peer.mjs', import.meta.url));

/** One process that runs peer.mjs: `ask(command)` sends a command and resolves to its answer. */
export class PeerProcess {
  #child;
  #answers = new Map();
  #asked = 0;

  constructor(node = process.execPath) {
    this.#child = spawn(node, ['--disable-warning=ExperimentalWarning', '--expose-gc', PEER], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', ({ id, ...answer }) => {
      this.#answers.get(id)?.resolve(answer);
      this.#answers.delete(id);
    });
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#answers.values()) reject(new Error(`The process ended with ${code}.`));
    });
  }

  async ask(command) {
    const answer = await new Promise((resolve, reject) => {
      this.#asked += 1;
      this.#answers.set(this.#asked, { resolve, reject });
      this.#child.send({ ...command, id: this.#asked });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

/** Two processes of one Node for the time of a measurement. */
export async function withPair(node, measure) {
  const pair = [new PeerProcess(node), new PeerProcess(node)];
  try {
    return await measure(...pair);
  } finally {
    await Promise.all(pair.map((peer) => peer.stop()));
  }
}
