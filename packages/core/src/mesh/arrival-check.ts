import { equalBytes, type SigningIdentity } from '@yakmesh/crypto';
import { EnvelopeClass } from '../envelope/envelope.js';
import { HopFlag } from '../envelope/hop-flags.js';
import type { ReplayState } from '../envelope/replay-state.js';
import type { ParcelReaderOptions } from '../link/parcel-reader.js';
import type { Clock } from '../transport/index.js';

type ArrivalCheck = ParcelReaderOptions['check'];

/**
 * What links refuse of an arrival. What is for others is looked at for its times only. A copy of what we may have to acknowledge again is let
 * through to where that is decided, at its origin's price of one hash.
 */
export function arrivalCheck(
  replay: ReplayState,
  { nodeId, nodeIdBytes }: SigningIdentity,
  clock: Clock,
): ArrivalCheck {
  return (origin, envelope, flags) => {
    // What we said ourselves is no news, whoever brings it.
    if (origin === nodeId) return 'PEER_DUPLICATE';
    const nowMs = clock.nowMs();
    const isDirect = envelope.class !== EnvelopeClass.BROADCAST;
    if (isDirect && !equalBytes(envelope.to, nodeIdBytes)) return replay.checkTimes(envelope, nowMs);
    const fault = replay.check(origin, envelope, nowMs);
    const isAgain = isDirect && fault === 'PEER_DUPLICATE' && (flags & HopFlag.ACK_WANTED) !== 0;
    return isAgain ? undefined : fault;
  };
}
