import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** TCP sockets of this process, at both ends. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

let collect: (() => void) | undefined;

/** Bytes of the heap and of buffers, after a full collection. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  collect ??= runInNewContext('gc') as () => void;
  // Buffers go with the collection after the one that lets go of their objects.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes of buffers outside the heap right now, where what a socket could not send lies. */
export function bufferBytes(): number {
  return process.memoryUsage().arrayBuffers;
}
