import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Windows has no sockets in folders, but pipes with names. */
const IS_WINDOWS = process.platform === 'win32';
/** Bytes of a socket's path, which the system's address structure bounds: 108 on Linux, 104 on macOS and the BSDs, a zero among them. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;
/** Hexadecimal digits that tell the pipes of data directories apart. */
const PIPE_DIGITS = 16;

/** Where the node of a data directory is talked to unless told otherwise. */
export function defaultControlPath(dataDir: string): string {
  if (!IS_WINDOWS) return join(dataDir, 'control.sock');
  const digest = createHash('sha256').update(resolve(dataDir).toLowerCase()).digest('hex');
  return `\\\\.\\pipe\\yakmesh-${digest.slice(0, PIPE_DIGITS)}`;
}

/** Where the token of a data directory's node is. */
export function tokenPathOf(dataDir: string): string {
  return join(dataDir, 'control.token');
}

/** Why nobody can listen at a path, and what to do; undefined where somebody can. */
export function controlPathProblem(path: string): string | undefined {
  if (IS_WINDOWS)
    return path.startsWith('\\\\.\\pipe\\') ? undefined : `${path} is no named pipe; give \\\\.\\pipe\\NAME.`;
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return undefined;
  return `${path} is too long for a socket: it has ${bytes} bytes, and ${SOCKET_PATH_BYTES_MAX} are possible; give a shorter one by --control-path.`;
}
