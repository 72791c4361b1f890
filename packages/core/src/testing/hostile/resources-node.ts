import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** TCP sockets of this process, at both ends. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

let collect: (() => void) | undefined;

/** Bytes of the heap and of buffers, what could be collected included. */
export function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes of the heap and of buffers after a full collection, which takes a tenth of a second. */
export function heldBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // Buffers go with the collection after the one that lets go of their objects.
  collect();
  collect();
  return usedBytes();
}
