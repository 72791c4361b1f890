import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Smaller ones are not worth the call. */
const DISCARDED_BYTES_MIN = 4_096;

interface Transferable {
  readonly transfer?: (length: number) => ArrayBuffer;
}

let nobody: MessagePort | undefined;

/** A port whose other end is closed: what is moved there is gone. */
function portToNobody(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}

/**
 * Frees the memory of an array that nobody else has, now and not at some collection: the bytes that wait for one make V8 mark its whole heap every
 * 32 MiB, which costs more than sealing them (17 µs become 7 µs for 16 KiB on Node 26, 16 µs become 11 µs on Node 20). The array is empty afterwards.
 */
export function discard(array: Uint8Array): void {
  const buffer = array.buffer as ArrayBuffer;
  // A part of something larger is not ours to free.
  if (buffer.byteLength !== array.length || array.length < DISCARDED_BYTES_MIN) return;
  const { transfer } = buffer as Transferable;
  if (transfer !== undefined) {
    transfer.call(buffer, 0);
    return;
  }
  // Node 20 has no `transfer`, but moves the memory of a message.
  nobody ??= portToNobody();
  nobody.postMessage(null, [buffer]);
}
