import { MEMBER_DIAL_MS } from '../membership/limits.js';
import type { Neighbour } from '../membership/active-view.js';
import { KnownPeers } from '../membership/known-peers.js';
import type { MembershipAction } from '../membership/actions.js';
import { MembershipMachine } from '../membership/membership-machine.js';
import { MEMBER_PROTOCOL } from '../membership/messages.js';
import type { RecruitAction } from '../membership/recruiter.js';
import type { NodeId } from '@yakmesh/crypto';
import type { MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { PeerHint } from '../link/control-frames.js';
import {
  codeOf,
  combineSignals,
  runMachine,
  type Clock,
  type Logger,
  type MachineRunner,
  type ProtocolPort,
  type Random,
  type Store,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import { groupOf, isAdvertisable, parseEndpoint } from './endpoint.js';
import { KnownPeersKeeper } from './known-peers-keeper.js';
import type { LinkLayer } from './link-layer.js';
import type { Peer } from './peer.js';
import type { ProtocolRegistry } from './protocol-registry.js';
import type { Yielding } from './room.js';

/** Ends that nobody meant: the peer is missed. */
const MISSED_CODES: readonly string[] = [
  'LINK_CLOSED',
  'LINK_DECRYPT',
  'LINK_DUPLICATE',
  'LINK_STALLED',
  'LINK_TIMEOUT',
  'LINK_TRANSCRIPT',
];

export interface MembershipDriverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly counters: Counters;
  readonly self: NodeId;
  readonly maxPeers: number;
  readonly endpoint: () => string | undefined;
  /** The links, which exist by the time a peer does. */
  readonly links: () => LinkLayer;
  /** Where known peers are kept; undefined keeps none. */
  readonly store: Store | undefined;
  /** No neighbour is left. */
  readonly alone: () => void;
}

/** Drives the membership machine: tells it of the links, and dials, sends and drops as it says. */
export class Membership implements Yielding {
  readonly #options: MembershipDriverOptions;
  readonly #machine: MembershipMachine;
  readonly #runner: MachineRunner<MembershipMachine, MembershipAction>;
  readonly #known = new KnownPeers();
  readonly #keeper: KnownPeersKeeper | undefined;
  #port: ProtocolPort | undefined;
  #isRunning = false;

  constructor(options: MembershipDriverOptions) {
    this.#options = options;
    const { clock, random, log, self, maxPeers, endpoint, store } = options;
    this.#machine = new MembershipMachine({ self, random, maxPeers, endpoint, groupOf });
    this.#runner = runMachine<MembershipAction, MembershipMachine>(this.#machine, {
      clock,
      perform: (action) => this.#perform(action),
      failed: (error) => log.error({ error: String(error) }, 'The membership failed at an input.'),
    });
    this.#keeper = store && new KnownPeersKeeper({ known: this.#known, store, clock, log });
  }

  /** Neighbours that could be given up for a newcomer. */
  get spares(): number {
    return this.#spares().length;
  }

  /** Announces the protocol; to be called once, when the registry is there. */
  open(protocols: ProtocolRegistry): void {
    this.#port = protocols.open(MEMBER_PROTOCOL, {
      frame: (body, { via }) => this.#feed((machine, nowMs) => machine.receive(via, body, nowMs)),
    });
  }

  /** Loads the known peers. */
  async load(): Promise<void> {
    await this.#keeper?.load();
  }

  /** Frames may be sent and peers dialled from now on. */
  start(): void {
    this.#isRunning = true;
    this.#keeper?.start();
    for (const peer of this.#options.links().peers) this.connected(peer);
    const restored = this.#known.list();
    if (restored.length > 0) this.#feed((machine, nowMs) => machine.restore(restored, nowMs));
  }

  /** Saves the known peers, once the links are gone. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#runner.stop();
    await this.#keeper?.stop();
  }

  giveUp(): boolean {
    const { links } = this.#options;
    for (const nodeId of this.#spares()) {
      const peer = links().peer(nodeId);
      if (peer === undefined) continue;
      peer.session.close('LINK_FULL');
      return true;
    }
    return false;
  }

  /** A new peer, or one whose link, endpoint or protocols have changed. */
  connected(peer: Peer): void {
    const neighbour = describe(peer);
    const { nodeId, endpoint } = neighbour;
    if (endpoint !== undefined) this.#note({ nodeId, endpoint });
    this.#feed((machine, nowMs) => machine.connected(neighbour, nowMs));
  }

  disconnected(peer: Peer, code: MeshErrorCode | PeerFaultCode): void {
    const { nodeId, endpoint } = describe(peer);
    if (endpoint !== undefined && MISSED_CODES.includes(code)) this.#note({ nodeId, endpoint });
    const why = code === 'LINK_FULL' ? 'full' : MISSED_CODES.includes(code) ? 'missed' : 'unwanted';
    this.#feed((machine, nowMs) => machine.disconnected(nodeId, why, nowMs));
  }

  hinted(peer: Peer, hints: readonly PeerHint[]): void {
    this.#feed((machine, nowMs) => machine.hinted(peer.nodeId, hints, nowMs));
  }

  /** Whether others are to be told where that peer says it can be dialled. */
  isDialable({ nodeId, info }: Peer): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#machine.isDialable({ nodeId, endpoint: info.endpoint ?? '' }, nowMs);
  }

  /** Where a node could be dialled when it was last a neighbour; undefined where that is not known. */
  endpointOf(nodeId: NodeId): string | undefined {
    return this.#known.endpointOf(nodeId);
  }

  /** Somebody holds the link to that peer, or lets it go: then it needs a place as any other. */
  held(nodeId: NodeId, isHeld: boolean): void {
    const peer = this.#options.links().peer(nodeId);
    if (peer === undefined) return;
    peer.isHeld = isHeld;
    this.connected(peer);
  }

  /** The application has closed its link. */
  forget(peer: Peer): void {
    this.#known.forget(peer.nodeId);
    this.#feed((machine) => machine.forget(peer.nodeId));
  }

  #spares(): readonly NodeId[] {
    return this.#machine.spares(this.#options.clock.monotonicMs());
  }

  #note(hint: PeerHint): void {
    this.#known.note({ ...hint, lastMs: this.#options.clock.nowMs() });
  }

  #feed(input: (machine: MembershipMachine, nowMs: number) => readonly MembershipAction[]): void {
    if (this.#isRunning) this.#runner.feed(input);
  }

  #perform(action: MembershipAction): void {
    const { links, counters, alone } = this.#options;
    switch (action.type) {
      case 'send':
        if (this.#isRunning) this.#port?.frame(action.to, action.body);
        return;
      case 'dial':
        return void this.#dial(action);
      case 'drop':
        return links().peer(action.nodeId)?.session.close('LINK_FULL');
      case 'fault':
        if (action.weight > 0) this.#port?.report(action.from, action.code, action.weight);
        else counters.add(action.code, action.count);
        return;
      case 'alone':
        return alone();
      default:
        return action satisfies never;
    }
  }

  async #dial({ nodeId, endpoint, purpose }: RecruitAction): Promise<void> {
    const { clock, links } = this.#options;
    const limited = combineSignals({ clock, timeoutMs: MEMBER_DIAL_MS });
    let code: string | undefined;
    try {
      const url = parseEndpoint(endpoint)?.url ?? '';
      const peer = await links().dial({ url, expected: nodeId }, purpose, limited.signal);
      peer.dialled ??= url;
    } catch (error) {
      code = codeOf(error) ?? 'MESH_CONNECT_FAILED';
    } finally {
      limited.dispose();
    }
    this.#feed((machine, nowMs) => machine.dialled(nodeId, code, nowMs));
  }
}

function describe(peer: Peer): Neighbour {
  const { nodeId, session, info, isKept, isHeld, outcome } = peer;
  const { address, role } = session;
  const isInbound = role === 'responder';
  const isTellable = info.endpoint !== undefined && isAdvertisable(info.endpoint, address);
  return {
    nodeId,
    endpoint: isTellable ? info.endpoint : undefined,
    address,
    isInbound,
    isKept,
    isHeld,
    isJoining: isInbound && (session.outcome ?? outcome).params.purpose === 'join',
    speaks: info.protocols.includes(MEMBER_PROTOCOL),
  };
}
