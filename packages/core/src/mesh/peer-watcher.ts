import { FUTURE_MS_MAX } from '../envelope/envelope.js';
import type { MeshErrorCode, PeerFaultCode } from '../errors.js';
import { encodePeers, HINTS_MAX, type PeerHint } from '../link/control-frames.js';
import type { LinkAction } from '../link/link-actions.js';
import { MessageTypes } from '../message-types.js';
import { PRIORITY, type Clock, type Logger } from '../transport/index.js';
import type { DrainWaits } from './drain-waits.js';
import { isAdvertisable } from './endpoint.js';
import type { EventHub } from './event-hub.js';
import { frameItem } from './frame-item.js';
import type { Holds } from './holds.js';
import type { LinksEvents, PeerSession } from './link-layer.js';
import type { MeshParts } from './mesh-parts.js';
import type { Peer } from './peer.js';
import { penaltyOf } from './penalties.js';

/** Faults of messages that cost a look and no more. */
const REFUSED_COPIES: readonly PeerFaultCode[] = [
  'PEER_DUPLICATE',
  'PEER_EXPIRED',
  'PEER_FROM_FUTURE',
  'PEER_STALE_SEQUENCE',
  'PEER_UNKNOWN_ORIGIN_TOO_OLD',
];

export interface PeerWatcherOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly hub: EventHub;
  readonly drains: DrainWaits;
  readonly holds: Holds;
  /** The parts of the mesh, which exist by the time a peer does. */
  readonly parts: () => MeshParts;
}

/** Acts on what the links tell of peers: shares endpoints, hands on what arrives, and tells the handlers afterwards. */
export class PeerWatcher implements LinksEvents {
  readonly #options: PeerWatcherOptions;
  readonly #welcomed = new WeakSet<Peer>();

  constructor(options: PeerWatcherOptions) {
    this.#options = options;
  }

  connected(peer: Peer): void {
    const { hub, log, clock } = this.#options;
    const { membership } = this.#options.parts();
    const { nodeId, info } = peer;
    const description = peer.describe();
    this.#options.parts().finder.peerChanged(peer);
    log.info({ peer: nodeId, direction: description.direction }, 'A peer is connected.');
    hub.peer({ type: 'connected', peer: description });
    hub.emit('peer:connected', description);
    this.#sharePeers(peer);
    this.#options.holds.connected(peer);
    membership.connected(peer);
    this.#options.parts().spreader.informed(peer);
    hub.linkMessage({ type: MessageTypes.HELLO, endpoint: info.endpoint }, peer);
    this.#options.parts().recordSync?.joined(peer);
    const skewMs = info.timeMs - clock.nowMs();
    if (Math.abs(skewMs) >= FUTURE_MS_MAX) hub.emit('clock:skew', { nodeId, skewMs });
  }

  disconnected(peer: Peer, code: MeshErrorCode | PeerFaultCode): void {
    const { hub, log, drains } = this.#options;
    const { flows, redialer, membership, spreader, finder, recordSync } = this.#options.parts();
    log.info({ peer: peer.nodeId, code }, 'A peer is gone.');
    recordSync?.gone(peer);
    finder.peerLost(peer);
    flows.peerLost(peer);
    redialer.lost(peer, code);
    membership.disconnected(peer, code);
    spreader.disconnected(peer);
    const description = peer.describe();
    hub.peer({ type: 'disconnected', peer: description, code });
    hub.emit('peer:disconnected', description, code);
    drains.wake();
  }

  refused(session: PeerSession, code: MeshErrorCode | PeerFaultCode): void {
    const { hub, log } = this.#options;
    const { address, role } = session;
    const direction = role === 'initiator' ? 'outbound' : 'inbound';
    log.debug({ address, direction, code }, 'A handshake came to nothing.');
    hub.emit('peer:refused', { address, direction, code });
  }

  drained(peer: Peer): void {
    this.#options.hub.peer({ type: 'drain', peer: peer.describe() });
    this.#options.drains.wake();
  }

  action(peer: Peer, action: LinkAction, session: PeerSession): void {
    const { hub } = this.#options;
    const { router, protocols, flows, counters, reports, membership, spreader } = this.#options.parts();
    switch (action.type) {
      case 'deliver':
        return router.receive(peer, action.arrival, action.receivedMs, session);
      case 'protocol':
        return protocols.frame(peer, action.protocol, action.body, action.receivedMs);
      case 'flow-open':
        return flows.opened(peer, action.frame, action.receivedMs);
      case 'flow':
        return flows.received(peer, action.frame, action.receivedMs);
      case 'flow-close':
        return flows.closed(peer, action.frame);
      case 'peers':
        return this.#hinted(peer, action.hints);
      case 'info':
        this.#options.parts().finder.peerChanged(peer);
        membership.connected(peer);
        spreader.informed(peer);
        this.#options.parts().recordSync?.joined(peer);
        return hub.peer({ type: 'protocols', peer: peer.describe() });
      case 'suspect':
        hub.peer({ type: 'suspect', peer: peer.describe() });
        this.#options.drains.wake();
        return hub.emit('peer:suspect', peer.describe());
      case 'ping':
        return hub.linkMessage({ type: MessageTypes.PING }, peer);
      case 'pong':
        return hub.linkMessage({ type: MessageTypes.PONG, rttMs: action.rttMs }, peer);
      case 'fault':
        counters.add(action.code, action.count);
        if (action.isTreeCopy === true) spreader.duplicate(peer);
        if (REFUSED_COPIES.includes(action.code)) return router.repeated(peer, action.count);
        return reports.node(peer.nodeId, action.code, penaltyOf(action.code));
      case 'job':
      case 'established':
      case 'close':
        return; // The session deals with these.
      default:
        return action satisfies never;
    }
  }

  #hinted(peer: Peer, hints: readonly PeerHint[]): void {
    const { hub } = this.#options;
    this.#options.parts().membership.hinted(peer, hints);
    const isWelcome = !this.#welcomed.has(peer) && peer.session.role === 'initiator';
    this.#welcomed.add(peer);
    if (isWelcome) hub.linkMessage({ type: MessageTypes.WELCOME, peers: hints }, peer);
    hub.linkMessage({ type: MessageTypes.PEERS, peers: hints }, peer);
  }

  /** Tells the new peer of the others, and the others of it, where endpoints are to be told. */
  #sharePeers(peer: Peer): void {
    const { links, membership } = this.#options.parts();
    const isTold = (about: Peer, to: Peer): boolean => membership.isDialable(about) && isTellable(about, to);
    const others = links.peers.filter((other) => other !== peer);
    const known = others.filter((other) => isTold(other, peer)).slice(-HINTS_MAX);
    send(peer, hintsOf(known));
    const newcomer = hintsOf([peer]);
    for (const other of others) if (isTold(peer, other)) send(other, newcomer);
  }
}

function hintsOf(peers: readonly Peer[]): Uint8Array {
  return encodePeers(peers.map(({ nodeId, info }) => ({ nodeId, endpoint: info.endpoint ?? '' })));
}

function send(to: Peer, frame: Uint8Array): void {
  to.enqueue(frameItem(frame, PRIORITY.routine));
}

function isTellable(about: Peer, to: Peer): boolean {
  const { endpoint } = about.info;
  if (endpoint === undefined) return false;
  return isAdvertisable(endpoint, about.session.address) && isAdvertisable(endpoint, to.session.address);
}
