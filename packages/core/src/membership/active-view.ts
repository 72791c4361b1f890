import { type NodeId } from '@yakmesh/crypto';
import { bytesOfName } from '../node-name.js';
import { SlidingWindow, type Random } from '../transport/index.js';
import { INTRODUCTION_MS, MEMBER_FRAMES_MAX, MEMBER_FRAMES_MS } from './limits.js';
import { takeRandom } from './passive-view.js';

/** A neighbour as the links know it. */
export interface Neighbour {
  readonly nodeId: NodeId;
  /** Where it says that it can be dialled; undefined where it does not, or where that is not to be told. */
  readonly endpoint: string | undefined;
  /** The address that its socket shows. */
  readonly address: string;
  readonly isInbound: boolean;
  /** The application dialled it, and wants it kept. */
  readonly isKept: boolean;
  /** Held beyond maxPeers. */
  readonly isHeld: boolean;
  /** It has no other neighbour and asks for some. */
  readonly isJoining: boolean;
  /** It has opened this protocol. */
  readonly speaks: boolean;
}

/** A neighbour, and what has been said on its link. */
export interface ActiveMember {
  neighbour: Neighbour;
  readonly idBytes: Uint8Array;
  readonly group: string;
  /** Neighbours that it has, as it says; undefined until it did. */
  degree: number | undefined;
  isHeldByPeer: boolean;
  readonly sinceMs: number;
  /** What we told it last: whether we have more neighbours than we need, and whether we hold the link. */
  told: { readonly isEnough: boolean; readonly isHeld: boolean } | undefined;
  readonly frames: SlidingWindow;
}

/** The neighbours of a node. Held ones are not counted, not sent walks, and never given up. */
export class ActiveView {
  readonly #members = new Map<NodeId, ActiveMember>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Neighbours, held ones not counted. */
  get size(): number {
    let count = 0;
    for (const { neighbour } of this.#members.values()) count += neighbour.isHeld ? 0 : 1;
    return count;
  }

  get outbound(): number {
    return this.members.filter(({ neighbour }) => !neighbour.isInbound).length;
  }

  get members(): ActiveMember[] {
    return this.all.filter(({ neighbour }) => !neighbour.isHeld);
  }

  get all(): ActiveMember[] {
    return [...this.#members.values()];
  }

  get(nodeId: NodeId): ActiveMember | undefined {
    return this.#members.get(nodeId);
  }

  add(neighbour: Neighbour, group: string, sinceMs: number): ActiveMember {
    const member: ActiveMember = {
      neighbour,
      idBytes: bytesOfName(neighbour.nodeId) ?? new Uint8Array(0),
      group,
      sinceMs,
      degree: undefined,
      isHeldByPeer: false,
      told: undefined,
      frames: new SlidingWindow(MEMBER_FRAMES_MAX, MEMBER_FRAMES_MS, 64),
    };
    this.#members.set(neighbour.nodeId, member);
    return member;
  }

  delete(nodeId: NodeId): ActiveMember | undefined {
    const member = this.#members.get(nodeId);
    this.#members.delete(nodeId);
    return member;
  }

  /** Neighbours whose addresses are of this group. */
  ofGroup(group: string): number {
    let count = 0;
    for (const member of this.#members.values()) count += member.group === group ? 1 : 0;
    return count;
  }

  /** A random neighbour to whom a walk can go on. */
  random(except: NodeId | undefined): ActiveMember | undefined {
    return this.sample(1, (member) => member.neighbour.speaks && member.neighbour.nodeId !== except)[0];
  }

  sample(count: number, isFit: (member: ActiveMember) => boolean): ActiveMember[] {
    return takeRandom(this.members.filter(isFit), count, this.#random);
  }

  /**
   * Neighbours that can be given up for a newcomer, the first one first: they came in by themselves and nobody asked to keep them.
   * Those that we dialled stay: whoever comes in can only push out who came in. Those with enough others by their own word go
   * first; the last few of these stay too, as our own way to the rest of the mesh, and newcomers then have to share: the one that
   * was here longest leaves. Where nobody has enough others there is no rest of the mesh, and a full node stays as it is.
   */
  spares(need: number, nowMs: number): ActiveMember[] {
    const strong = this.members.filter(({ degree }) => degree !== undefined && degree > need);
    if (strong.length > need) return takeRandom(strong.filter(isSpare), strong.length, this.#random);
    if (strong.length === 0) return [];
    // In the order in which they came.
    return this.members.filter(
      (member) => isSpare(member) && !strong.includes(member) && nowMs - member.sinceMs >= INTRODUCTION_MS,
    );
  }
}

function isSpare({ neighbour, isHeldByPeer }: ActiveMember): boolean {
  return neighbour.isInbound && !neighbour.isKept && !isHeldByPeer;
}
