import type { NodeId } from '@yakmesh/crypto';
import { combineSignals, withAbort, type ProtocolPort } from '@yakmesh/core/transport';
import type { AnnexConfig } from './options.js';
import type { SessionDriver } from './session-driver.js';

/** An access rule may take so long; then the answer is no. */
const ACCESS_MS = 5_000;

/** Who takes channels that others open. */
export interface HubListener {
  readonly config: AnnexConfig;
  readonly allowAnonymous: boolean;
  access(peerId: NodeId): boolean | Promise<boolean>;
  accepted(session: SessionDriver): void;
}

/** Whether the application lets somebody in. A rule that fails or takes too long says no. */
export async function hasAccess(
  { clock, log }: ProtocolPort,
  listener: HubListener,
  peerId: NodeId,
): Promise<boolean> {
  const limit = combineSignals({ clock, timeoutMs: ACCESS_MS });
  try {
    return await withAbort(limit.signal, Promise.resolve(listener.access(peerId)));
  } catch (error) {
    log.warn({ error }, 'an access rule failed, which counts as a no');
    return false;
  } finally {
    limit.dispose();
  }
}
