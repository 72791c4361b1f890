import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const UPGRADE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** What is kept of the answers. */
const RECEIVED_BYTES_MAX = 65_536;

/** One TCP connection below WebSocket and HTTP. */
export class TcpAttacker {
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #received = '';
  #isEnded = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (this.#received.length < RECEIVED_BYTES_MAX) this.#received += bytes.toString('latin1');
    });
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isEnded = true;
        resolve();
      });
    });
  }

  /** Resolves when the connection stands, or has failed. */
  static async open(port: number, localAddress: string): Promise<TcpAttacker> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const tcp = new TcpAttacker(socket);
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), tcp.ended]);
    return tcp;
  }

  /** True once the connection is gone. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The first line of the answer, such as `HTTP/1.1 426 Upgrade Required`. */
  get statusLine(): string {
    return this.#received.split('\r\n', 1)[0] ?? '';
  }

  /** All that was answered, byte for byte. */
  get received(): string {
    return this.#received;
  }

  /** Writes bytes, or Latin-1 text; after the end they are dropped. */
  write(bytes: Uint8Array | string): void {
    if (!this.#isEnded) this.#socket.write(bytes);
  }

  /** Bytes that the other end has not taken yet. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Asks for the WebSocket as a client does, with more headers if given; resolves with the status line. */
  async upgrade(headers = ''): Promise<string> {
    const key = randomBytes(16).toString('base64');
    this.write(
      `GET / HTTP/1.1\r\nHost: victim\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${headers}\r\n`,
    );
    const isAnswered = (): boolean => this.#received.includes('\r\n\r\n') || this.#isEnded;
    while (!isAnswered()) await new Promise<void>((resolve) => setImmediate(resolve));
    const accepted = createHash('sha1').update(`${key}${UPGRADE_GUID}`).digest('base64');
    return this.#received.includes(accepted) ? this.statusLine : `not accepted: ${this.statusLine}`;
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Drops the connection. */
  terminate(): void {
    this.#socket.destroy();
  }
}

/** One WebSocket frame as a client sends it: masked with zeros, with any first byte, and any length declared. */
export function clientFrame(firstByte: number, body: Uint8Array, declaredBytes = body.length): Uint8Array {
  const header = Buffer.alloc(14);
  header[0] = firstByte;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(declaredBytes), 2);
  return Buffer.concat([header, body]);
}
