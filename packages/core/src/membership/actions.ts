import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import type { ActiveMember } from './active-view.js';
import type { RecruitAction } from './recruiter.js';

/** What neighbours do wrong in this protocol. */
export type MemberFaultCode =
  'MEMBER_BAD_MESSAGE' | 'MEMBER_TOO_MANY' | 'PEER_BAD_HINT' | 'MEMBER_UNKNOWN_SHUFFLE';

export type MembershipAction =
  | RecruitAction
  | { readonly type: 'send'; readonly to: NodeId; readonly body: Uint8Array }
  /** Gives a neighbour up for room: CLOSE(FULL). */
  | { readonly type: 'drop'; readonly nodeId: NodeId }
  /** A weight of 0 is counted and blames nobody: an honest relay may have passed it on. */
  | {
      readonly type: 'fault';
      readonly from: NodeId;
      readonly code: MemberFaultCode;
      readonly weight: number;
      readonly count: number;
    }
  /** No neighbour is left: whoever keeps endpoints of its own is to dial them now. */
  | { readonly type: 'alone' };

export interface MembershipOptions {
  readonly self: NodeId;
  readonly random: Random;
  readonly maxPeers: number;
  /** Where others can dial us; undefined when that is not to be told. */
  readonly endpoint: () => string | undefined;
  /** What the address of an endpoint, or of a socket, belongs to. */
  readonly groupOf: (endpointOrAddress: string) => string;
}

export function send(to: ActiveMember, body: Uint8Array): MembershipAction {
  return { type: 'send', to: to.neighbour.nodeId, body };
}

export function fault(from: NodeId, code: MemberFaultCode, weight: number, count = 1): MembershipAction {
  return { type: 'fault', from, code, weight, count };
}
