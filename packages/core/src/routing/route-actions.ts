import type { NodeId } from '@yakmesh/crypto';
import type { RouteStatement } from './messages.js';
import type { StatementWish } from './statements.js';

/** What a neighbour did that it should not, or more often than we take. */
export type RouteFaultCode =
  | 'ROUTE_BAD_MESSAGE'
  | 'ROUTE_BAD_STATEMENT'
  | 'ROUTE_WRONG_DESTINATION'
  | 'ROUTE_UNKNOWN_REQUEST'
  | 'ROUTE_STALE_STATEMENT'
  | 'ROUTE_TOO_MANY_REQUESTS'
  | 'ROUTE_TOO_MANY_REPLIES';

/** What is found of a statement: `unproven` is nobody's fault, as where its network is not ours. */
export type StatementVerdict = 'good' | 'bad' | 'stale' | 'unproven';

export type RouteAction =
  | { readonly type: 'send'; readonly to: NodeId; readonly body: Uint8Array }
  /** Sign a statement of ours; `signed` takes it. */
  | ({ readonly type: 'sign' } & StatementWish)
  /** Verify what a destination has signed; `verified` takes the verdict. */
  | {
      readonly type: 'verify';
      readonly ticket: number;
      readonly from: NodeId;
      readonly destination: Uint8Array;
      readonly statement: RouteStatement;
    }
  /** A search has come to an end. */
  | { readonly type: 'found' | 'failed'; readonly key: string; readonly via: NodeId | undefined }
  | { readonly type: 'fault'; readonly from: NodeId; readonly code: RouteFaultCode };
