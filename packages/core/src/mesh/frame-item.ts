import type { QueueItem } from '../link/send-queue.js';

/** A frame that is ready, as an item of a link's queue. What must go alone, or is sealed already, says so in an item of its own. */
export function frameItem(
  frame: Uint8Array,
  priority: number,
  lane?: string,
  onSent?: (sentMs: number) => void,
): QueueItem {
  return { type: 'frame', frame, bytes: frame.length, priority, lane, onSent };
}
