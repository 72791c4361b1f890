import type { LinkErrorCode, MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import type { LinkInfo } from '../link/control-frames.js';
import type { LinkAction } from '../link/link-actions.js';
import type { LinkEnd } from '../link/link-end.js';
import type { Session } from './session.js';

/** What a session tells its network. */
export interface SessionListener {
  /** Makes the link of a proven handshake; a code refuses it. */
  link(session: Session, outcome: HandshakeOutcome): LinkEnd | LinkErrorCode;
  action(session: Session, action: LinkAction): void;
  established(session: Session, info: LinkInfo): void;
  /** Once for each session. `code` says why; before `established` it is why the handshake failed. */
  closed(session: Session, code: MeshErrorCode | PeerFaultCode, isRemote: boolean): void;
  /** Once for each session, after `closed`: its socket is gone too. */
  gone(session: Session): void;
  drained(session: Session): void;
}
