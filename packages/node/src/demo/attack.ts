import { connect } from 'node:net';

/** The address that the attacker comes from: RFC 5737 keeps it for examples. The demo's nodes believe a proxy on this machine about it. */
export const ATTACKER_ADDRESS = '203.0.113.66';
/** Connections at most; a ban comes after five. */
const ATTEMPTS_MAX = 64;
/** Refusals in a row after which the attacker sees that it is banned. */
const REFUSALS_MIN = 3;
/** How long one connection may take. */
const ATTEMPT_MS_MAX = 5_000;
/** HTTP 429 Too Many Requests. */
const TOO_MANY_REQUESTS = 429;
/** HTTP 101 Switching Protocols. */
const SWITCHING_PROTOCOLS = 101;

/** What became of the attacker's connections. */
export interface AttackReport {
  /** Its false handshakes that were read and refused. */
  readonly heard: number;
  /** Connections that were refused without being read: the ban. */
  readonly refused: number;
  /** Seconds after which it may come again, as it was told last. */
  readonly retryAfterSeconds: number;
}

/** Sends false handshakes as fast as they are refused, until nothing is read any more. */
export async function attack(port: number): Promise<AttackReport> {
  const report = { heard: 0, refused: 0, retryAfterSeconds: 0 };
  for (let attempt = 0; attempt < ATTEMPTS_MAX && report.refused < REFUSALS_MIN; attempt += 1) {
    const answer = await falseHandshake(port);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    if (status === SWITCHING_PROTOCOLS) report.heard += 1;
    if (status !== TOO_MANY_REQUESTS) continue;
    report.refused += 1;
    report.retryAfterSeconds = Number(/^retry-after: (\d+)/im.exec(answer)?.[1] ?? 0);
  }
  return report;
}

/** One connection: asks for a WebSocket, sends what is no handshake, and answers all that came back until it was closed. */
function falseHandshake(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(ATTEMPT_MS_MAX, () => socket.destroy());
    socket.on('connect', () => socket.write(upgradeRequest(port)));
    socket.on('data', (bytes) => {
      if (answer === '') socket.write(maskedFrame('this is no handshake'));
      // The goodbye that the node is owed would cost it a second, and the demo five.
      else socket.end();
      answer += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

function upgradeRequest(port: number): string {
  const lines = [
    'GET / HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyEhIQ==',
    `X-Forwarded-For: ${ATTACKER_ADDRESS}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A binary message of RFC 6455, 5.2, under a mask of zeros. */
function maskedFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
