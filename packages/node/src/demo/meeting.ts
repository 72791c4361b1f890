import { codeOf, delay, systemClock, withAbort } from '@yakmesh/core/transport';
import type { NodeProcess } from './node-process.js';

/** Several handshakes end within this, so there is room again. */
const BUSY_MS = 200;

/** Dials until there is room: a node takes a few handshakes at a time and tells the rest to come again. */
export async function connect(process: NodeProcess, endpoint: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await withAbort(signal, process.call('connect', { endpoint }));
      return;
    } catch (error) {
      if (codeOf(error) !== 'MESH_BUSY') throw error;
      await delay(systemClock, BUSY_MS, signal);
    }
  }
}
