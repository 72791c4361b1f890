// One attacking TCP connection, by hand: as little work as possible on our side, so that as much as possible is left to the victim.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: victim\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`;
/** What is kept of an answer: a WELCOME is 7 kB. */
const KEPT_BYTES = 65_536;
const HEADER_END = Buffer.from('\r\n\r\n');

export class Wire {
  isOpen = false;
  /** All bytes that came, also those that were not kept. */
  receivedBytes = 0;
  /** Resolves when the connection is gone. */
  ended;
  #socket;
  #received = Buffer.alloc(0);
  #wake = () => undefined;
  #isEnded = false;
  #error;

  constructor({ port, address }) {
    this.#socket = connect({ port, host: '127.0.0.1', localAddress: address, noDelay: true });
    this.#socket.on('error', ({ code }) => (this.#error = code));
    this.#socket.on('connect', () => {
      this.isOpen = true;
      this.#wake();
    });
    this.#socket.on('data', (bytes) => {
      this.receivedBytes += bytes.length;
      if (this.#received.length < KEPT_BYTES) this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    this.#socket.on('drain', () => this.#wake());
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.isOpen = false;
        this.#isEnded = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Resolves to whether the connection stands. */
  async opened() {
    await this.#until(() => this.isOpen);
    return this.isOpen;
  }

  /** Resolves to the HTTP status, 101 for a WebSocket; 0 where there is no answer. */
  async upgraded() {
    if (!(await this.opened())) return 0;
    this.write(UPGRADE);
    await this.#until(() => this.#received.includes(HEADER_END));
    return this.status;
  }

  /** Writes, and resolves when the kernel has room for more and the other lanes had a turn; false when the connection is gone. */
  async write(bytes) {
    if (this.#isEnded) return false;
    this.#socket.write(bytes);
    await new Promise((resolve) => setImmediate(resolve));
    await this.#until(() => this.#socket.writableLength === 0);
    return !this.#isEnded;
  }

  /** A WebSocket frame as a client sends it, masked with zeros. */
  frame(opcode, body, declaredBytes = body.length) {
    const header = Buffer.alloc(declaredBytes < 126 ? 6 : 14);
    header[0] = 0x80 | opcode;
    header[1] = 0x80 | (declaredBytes < 126 ? declaredBytes : 127);
    if (declaredBytes >= 126) header.writeBigUInt64BE(BigInt(declaredBytes), 2);
    return this.write(Buffer.concat([header, body]));
  }

  /** The body of the first WebSocket message, once all of it is there; undefined when there is none. */
  async message() {
    await this.#until(() => this.#frame() !== undefined);
    const frame = this.#frame();
    return frame?.opcode === 2 ? frame.body : undefined;
  }

  /** Lets time pass, or less if the connection ends meanwhile. */
  async pass(ms) {
    const timer = setTimeout(() => this.#wake(), ms);
    const untilMs = performance.now() + ms;
    await this.#until(() => performance.now() >= untilMs);
    clearTimeout(timer);
  }

  /** The HTTP status that came, 0 for none. */
  get status() {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#received.toString('latin1', 0, 16))?.[1] ?? 0);
  }

  /** How it ended, in a word or two; for a connection that is gone. */
  get end() {
    const frame = this.status === 101 ? this.#frame() : undefined;
    if (frame?.opcode === 8) return `closed ${frame.body.readUInt16BE(0)}`;
    if (frame?.opcode === 2) return 'answered, then cut';
    if (this.status === 101) return 'cut';
    if (this.status > 0) return `HTTP ${this.status}`;
    return this.#error === 'ECONNRESET' ? 'reset' : (this.#error ?? 'closed');
  }

  /** Drops the connection without a trace in this kernel. */
  reset() {
    this.#socket.resetAndDestroy();
  }

  /** The first complete frame after the HTTP header. */
  #frame() {
    const start = this.#received.indexOf(HEADER_END) + HEADER_END.length;
    const bytes = this.#received.subarray(start);
    if (start < HEADER_END.length || bytes.length < 2) return undefined;
    const short = bytes[1];
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headerBytes) return undefined;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < headerBytes + length) return undefined;
    return { opcode: bytes[0] & 15, body: bytes.subarray(headerBytes, headerBytes + length) };
  }

  async #until(condition) {
    while (!this.#isEnded && !condition()) await new Promise((resolve) => (this.#wake = resolve));
  }
}
