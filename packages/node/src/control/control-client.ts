import { codeOf, CodedError, combineSignals } from '@yakmesh/core/transport';
import { bytesToHex } from '@yakmesh/crypto';
import { lstat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { NodeError } from '../errors.js';
import { tokenPathOf } from './control-place.js';
import {
  ANSWER_BYTES_MAX,
  answerOf,
  CONTROL_VERSION,
  type ControlAnswer,
  type ControlMethod,
  type ControlMethods,
} from './control-protocol.js';
import { LineSplitter } from './line-splitter.js';
import { readToken, type ControlToken } from './token.js';

/** How long a node may take to answer; joining and stopping take longest. */
const ANSWER_MS_MAX = 60_000;

/** Where a running node is talked to. */
export interface ControlPlace {
  readonly dataDir: string;
  readonly controlPath: string;
}

/** How a node is asked. */
export interface CallOptions {
  /** Infinity for no limit. @default 60_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what the node tells before it answers. */
  readonly onEvent?: ((event: unknown) => void) | undefined;
}

/**
 * Asks the node of a data directory. Rejects with the node's own code, or with NODE_NOT_RUNNING, NODE_CONTROL_DENIED,
 * NODE_CONTROL_FAILED, NODE_CONTROL_TIMEOUT.
 */
export async function callNode<Method extends ControlMethod>(
  place: ControlPlace,
  method: Method,
  params: ControlMethods[Method]['params'],
  { timeoutMs = ANSWER_MS_MAX, signal, onEvent = () => undefined }: CallOptions = {},
): Promise<ControlMethods[Method]['result']> {
  const token = await readToken(tokenPathOf(place.dataDir));
  await requireOwner(place.controlPath, token);
  const socket = connect(place.controlPath);
  const limited = combineSignals(signal, timeoutMs === Infinity ? undefined : timeoutMs);
  const onAbort = (): void => void socket.destroy(aborted(limited.signal, timeoutMs));
  limited.signal.addEventListener('abort', onAbort);
  try {
    const lines = [
      { yakmesh: CONTROL_VERSION, token: bytesToHex(token.bytes) },
      { id: 1, method, params },
    ];
    socket.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    // What a node of the same version answers is of the type that the version says.
    return (await resultFrom(socket, onEvent)) as ControlMethods[Method]['result'];
  } catch (error) {
    throw explained(error, place);
  } finally {
    limited.dispose();
    socket.destroy();
  }
}

/** A token is shown only to a socket of the user who owns its file: another one could have put a socket there. */
async function requireOwner(path: string, token: ControlToken): Promise<void> {
  if (process.platform === 'win32') return;
  const stat = await lstat(path).catch((error: unknown) => {
    throw explained(error, { controlPath: path });
  });
  if (!stat.isSocket() || stat.uid !== token.owner)
    throw new NodeError(
      'NODE_CONTROL_DENIED',
      `${path} is no socket of the user to whom the node's token belongs.`,
    );
}

function resultFrom(socket: Socket, onEvent: (event: unknown) => void): Promise<unknown> {
  const lines = new LineSplitter();
  return new Promise((resolve, reject) => {
    const answered = (answer: ControlAnswer | undefined): void => {
      if (answer?.type === 'result') resolve(answer.value);
      else if (answer?.type === 'event') onEvent(answer.value);
      else if (answer?.type === 'error') reject(new CodedError(answer.code, answer.message));
      else if (answer === undefined)
        reject(new NodeError('NODE_CONTROL_FAILED', 'The answer is not a node’s.'));
    };
    socket.on('data', (bytes: Buffer) => {
      for (const line of lines.push(bytes)) answered(answerOf(Buffer.from(line).toString()));
      if (lines.pendingBytes > ANSWER_BYTES_MAX)
        reject(new NodeError('NODE_CONTROL_FAILED', `An answer has more than ${ANSWER_BYTES_MAX} bytes.`));
    });
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new NodeError('NODE_CONTROL_FAILED', 'The node ended the connection without an answer.')),
    );
  });
}

function explained(error: unknown, { controlPath }: Pick<ControlPlace, 'controlPath'>): unknown {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new NodeError(
      'NODE_NOT_RUNNING',
      `Nobody listens at ${controlPath}; start the node by yakmesh up.`,
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EPERM')
    return new NodeError('NODE_CONTROL_DENIED', `${controlPath} belongs to somebody else.`, { cause: error });
  if (code === 'EPIPE' || code === 'ECONNRESET')
    return new NodeError('NODE_CONTROL_FAILED', 'The node ended the connection without an answer.', {
      cause: error,
    });
  return error;
}

function aborted({ reason }: AbortSignal, timeoutMs: number): Error {
  if (reason instanceof DOMException && reason.name === 'TimeoutError')
    return new NodeError('NODE_CONTROL_TIMEOUT', `The node has not answered within ${timeoutMs} ms.`);
  return reason instanceof Error ? reason : new NodeError('NODE_CONTROL_FAILED', 'The call was broken off.');
}
