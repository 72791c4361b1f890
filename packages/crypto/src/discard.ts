import { platform } from '#platform';
import { requireBytes } from './bytes.js';

/**
 * Gives the memory of a large array back now and not at some garbage collection, where the platform can: on Node, of 4,096 bytes and more. Whoever calls
 * must be the last to have the array, and any view of it: they may be empty afterwards. A part of a larger array is left alone.
 */
export function discardBytes(array: Uint8Array): void {
  requireBytes(array, 'array');
  platform.discard(array);
}
