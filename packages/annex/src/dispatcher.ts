import { bytesKey } from '@yakmesh/crypto';
import type { Flow, FlowInfo, FlowMessageInfo } from '@yakmesh/core/transport';
import type { Answers } from './answers.js';
import type { Call } from './call.js';
import { FlowLine } from './flow-line.js';
import {
  decodeHeader,
  decodePadded,
  HandshakeType,
  HEADER_BYTES,
  isHandshake,
  SESSION_BYTES,
} from './handshake/messages.js';
import type { LiveSessions } from './live-sessions.js';
import { recordSession } from './record/header.js';
import type { Tombstones } from './tombstones.js';

export interface DispatcherOptions {
  readonly answers: Answers;
  readonly sessions: LiveSessions;
  /** Ours that are under way, by session id. */
  readonly calls: ReadonlyMap<string, Call>;
  readonly tombstones: Tombstones;
  /** Whether anybody here takes an OPEN. */
  readonly isAnswering: () => boolean;
  readonly count: (code: string) => void;
}

/** Hands what flows bring to the call, handshake or session that it is for. */
export class Dispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  attach(flow: Flow): FlowLine {
    const line = new FlowLine(flow);
    flow.handle({
      message: (body, info) => this.#message(body, line, info),
      drain: () => line.owner?.drained(line),
      close: () => {
        line.isOpen = false;
        line.owner?.lost(line);
      },
    });
    return line;
  }

  /** A flow that somebody opened: it begins with an OPEN, or with a record of a session that comes another way. */
  opened(flow: Flow, info: FlowInfo): void {
    const { answers, isAnswering, count } = this.#options;
    const { body } = info;
    if (!isHandshake(body)) return this.#recordOpened(flow, body);
    const message = decodePadded(body);
    if (message === undefined || !isOpening(decodeHeader(message)?.type)) return count('PEER_BAD_MESSAGE');
    if (!isAnswering()) return count('PEER_UNEXPECTED');
    answers.open(message, this.attach(flow));
  }

  #recordOpened(flow: Flow, body: Uint8Array): void {
    const { sessions, tombstones, count } = this.#options;
    const sid = recordSession(body);
    const session = sessions.find(sid);
    const buried = tombstones.find(sid);
    if (session !== undefined) return session.receive(body, this.attach(flow), { isCongested: false });
    if (buried?.lastWords === undefined) return count('PEER_UNEXPECTED');
    const line = this.attach(flow);
    line.send(buried.lastWords);
    line.close();
  }

  #message(body: Uint8Array, line: FlowLine, info: FlowMessageInfo): void {
    const { answers, sessions, calls, count } = this.#options;
    if (!isHandshake(body)) {
      const session = sessions.find(recordSession(body));
      return session === undefined ? count('PEER_UNEXPECTED') : session.receive(body, line, info);
    }
    const message = decodePadded(body);
    const type = message === undefined ? undefined : decodeHeader(message)?.type;
    if (message === undefined || type === undefined) return count('PEER_BAD_MESSAGE');
    if (isOpening(type)) return answers.open(message, line);
    // Every other message names its receiver's session first.
    const sid = bytesKey(message.subarray(HEADER_BYTES, HEADER_BYTES + SESSION_BYTES));
    if (type === HandshakeType.CONFIRM || type === HandshakeType.RECONFIRM)
      return this.#confirm(message, sid, line);
    const call = calls.get(sid);
    if (call === undefined) return count('PEER_UNEXPECTED');
    call.receive(message);
  }

  #confirm(message: Uint8Array, sid: string, line: FlowLine): void {
    const { answers, sessions, count } = this.#options;
    const answer = answers.find(sid);
    if (answer !== undefined) return answer.receive(message, line);
    if (sessions.isConfirmed(sid, message)) sessions.find(sid)?.confirmedAgain();
    else count('PEER_UNEXPECTED');
  }
}

const isOpening = (type: number | undefined): boolean =>
  type === HandshakeType.OPEN || type === HandshakeType.REOPEN;
