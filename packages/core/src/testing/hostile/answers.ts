import { decodeHeader, decodeRefuse, HandshakeType, RefuseCode } from '../../handshake/messages.js';

/** The name of a handshake message: a REFUSE by its code, 'end' where there was none. */
export function answerName(message: Uint8Array | undefined): string {
  if (message === undefined) return 'end';
  const type = decodeHeader(message)?.type;
  const [name = 'unknown'] = Object.entries(HandshakeType).find(([, number]) => number === type) ?? [];
  if (name !== 'REFUSE') return name;
  const code = decodeRefuse(message)?.code;
  return Object.entries(RefuseCode).find(([, number]) => number === code)?.[0] ?? name;
}
