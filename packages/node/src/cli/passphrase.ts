import { createInterface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';
import { NodeError } from '../errors.js';

/** The environment variable that a passphrase may come in. */
export const PASSPHRASE_VARIABLE = 'YAKMESH_PASSPHRASE';

/** A terminal to ask at. */
export interface PromptStreams {
  readonly input: Readable;
  /** Shows the question, never the answer. */
  readonly output: Writable;
}

/** The passphrase of the environment, which no process started later inherits; undefined where there is none. */
export function takePassphrase(env: NodeJS.ProcessEnv): string | undefined {
  const passphrase = env[PASSPHRASE_VARIABLE];
  delete env[PASSPHRASE_VARIABLE];
  return passphrase === '' ? undefined : passphrase;
}

/** Asks without echo. Rejects with IDENTITY_NEEDS_PASSPHRASE when nothing is typed, the input ends, or on Ctrl-C. */
export async function askPassphrase(question: string, { input, output }: PromptStreams): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  // Listens before it asks: who answers at once is heard.
  const answered = new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
    lines.once('SIGINT', () => resolve(''));
  });
  output.write(question);
  try {
    const answer = await answered;
    if (answer === '') throw new NodeError('IDENTITY_NEEDS_PASSPHRASE', 'No passphrase was typed.');
    return answer;
  } finally {
    output.write('\n');
    lines.close();
  }
}

/** Asks for a new passphrase twice. Rejects with IDENTITY_NEEDS_PASSPHRASE when the two differ. */
export async function askNewPassphrase(streams: PromptStreams): Promise<string> {
  const first = await askPassphrase('New passphrase: ', streams);
  const second = await askPassphrase('The same again: ', streams);
  if (first !== second) throw new NodeError('IDENTITY_NEEDS_PASSPHRASE', 'The two passphrases differ.');
  return first;
}
