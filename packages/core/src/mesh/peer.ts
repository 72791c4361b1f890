import type { NodeId } from '@yakmesh/crypto';
import { equalBytes } from '@yakmesh/crypto';
import type { HandshakeOutcome } from '../handshake/actions.js';
import type { LinkInfo } from '../link/control-frames.js';
import { QUEUE_BYTES_HIGH } from '../link/link-limits.js';
import { networkPrefix } from '../network-hash.js';
import type { QueueItem } from '../link/send-queue.js';
import type { PeerInfo, ProtocolId } from '../transport/index.js';
import { Pace } from './pace.js';
import type { PeerSession } from './link-layer.js';

/** Which of two links between the same pair stays. */
export type DuplicateVerdict = 'new' | 'old';

/**
 * The duplicate-link rule. Another process start of the peer: the newest wins. The same one, dialled from both sides: the link of the smaller
 * initiator, by raw bytes. Dialled twice from one side: the newest.
 */
export function duplicateWinner(
  self: Uint8Array,
  oldLink: HandshakeOutcome,
  newLink: HandshakeOutcome,
): DuplicateVerdict {
  const isSameBoot = equalBytes(oldLink.params.bootId, newLink.params.bootId);
  if (!isSameBoot || oldLink.role === newLink.role) return 'new';
  const newInitiator = newLink.role === 'initiator' ? self : newLink.nodeIdBytes;
  const oldInitiator = oldLink.role === 'initiator' ? self : oldLink.nodeIdBytes;
  return compareBytes(newInitiator, oldInitiator) < 0 ? 'new' : 'old';
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A neighbour: one identity, reached over its current session. */
export class Peer<Session extends PeerSession = PeerSession> {
  readonly nodeId: NodeId;
  readonly outcome: HandshakeOutcome;
  /** Our own messages that wait for its limit; they outlive a change of its session. */
  readonly pace = new Pace();
  session: Session;
  info: LinkInfo;
  /** Where we dialled it, if we did. */
  dialled: string | undefined;
  /** The application dialled it: it is never given up for room, and dialled again for ever. */
  isKept = false;
  /** The link is beyond maxPeers: held by us, or by the peer. */
  isHeld = false;

  constructor(session: Session, outcome: HandshakeOutcome, info: LinkInfo) {
    this.nodeId = outcome.nodeId;
    this.outcome = outcome;
    this.session = session;
    this.info = info;
  }

  get rttMs(): number | undefined {
    return this.session.rttMs;
  }

  /** Messages of one origin that it takes in a second, as it says; 0 for no limit. It may say otherwise after a restart. */
  get messagesPerSecond(): number {
    return (this.session.outcome ?? this.outcome).params.messagesPerSecond;
  }

  /** Bytes that wait for it: for its link, or for its limit. */
  get queuedBytes(): number {
    return this.session.queuedBytes + this.pace.bytes;
  }

  /** True while callers who wait for their sends should wait. */
  get isCongested(): boolean {
    return this.session.queuedBytes > QUEUE_BYTES_HIGH || this.pace.isBehind;
  }

  /** True while it owes us an answer for too long. */
  get isSuspect(): boolean {
    return this.session.isSuspect;
  }

  enqueue(item: QueueItem): boolean {
    return this.session.enqueue(item);
  }

  /** True when the peer accepts envelopes that were signed for this network. */
  accepts(networkHash: Uint8Array): boolean {
    const prefix = networkPrefix(networkHash);
    return this.info.networks.some((network) => equalBytes(network, prefix));
  }

  describe(): PeerInfo {
    return {
      nodeId: this.nodeId,
      address: this.session.address === '' ? undefined : this.session.address,
      endpoint: this.info.endpoint,
      direction: this.session.role === 'initiator' ? 'outbound' : 'inbound',
      rttMs: this.rttMs,
      queuedBytes: this.queuedBytes,
      protocols: this.info.protocols as readonly ProtocolId[],
    };
  }
}
