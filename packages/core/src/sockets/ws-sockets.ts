import {
  createServer as createHttpServer,
  STATUS_CODES,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { discardBytes } from '@yakmesh/crypto';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';
import type {
  Door,
  Listener,
  ListenOptions,
  RequestHandler,
  Socket,
  SocketHandlers,
  SocketLayer,
  UpgradeVerdict,
} from './socket.js';
import { Lobby } from './ws-lobby.js';
import { MASKED_IN_PLACE_BYTES_MIN, sendMasked } from './ws-masked-message.js';
import { readHeadsFirst } from './ws-request-head.js';

/** An orderly close that the other end does not answer is cut after this. */
const CLOSE_TIMEOUT_MS = 1_000;
/** A TCP connection that has not asked for the WebSocket by then is cut. */
const UPGRADE_TIMEOUT_MS = 5_000;
const NORMAL = 1_000;
const ABNORMAL = 1_006;

/** One `ws` WebSocket as the mesh sees it. Compression is off: it costs memory and tells lengths. */
class WsSocket implements Socket {
  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  /** What we dialled: we mask what we send. */
  readonly #isClient: boolean;
  /** The connection below; a dialled one has it from the answer to its upgrade on. */
  #stream: Duplex | undefined;
  #handlers: SocketHandlers | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(socket: WebSocket, remoteAddress: string, stream?: Duplex) {
    this.#socket = socket;
    this.#isClient = stream === undefined;
    this.#stream = stream;
    this.remoteAddress = remoteAddress;
    socket.binaryType = 'nodebuffer';
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    const socket = this.#socket;
    socket.on('upgrade', (response: IncomingMessage) => (this.#stream = response.socket));
    socket.on('open', () => handlers.open?.());
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const receivedMs = performance.now();
      // Text and fragments in other shapes are no YAKMESH message; an empty one is refused by every state.
      const bytes = isBinary && Buffer.isBuffer(data) ? data : Buffer.alloc(0);
      handlers.message(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), receivedMs);
    });
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (request: ClientRequest, { statusCode }: IncomingMessage) => {
      request.destroy();
      this.#end(statusCode ?? ABNORMAL);
    });
    socket.on('close', (code: number) => this.#end(code));
    if (socket.readyState === WebSocket.CLOSED) queueMicrotask(() => this.#end(ABNORMAL));
  }

  send(bytes: Uint8Array, released?: (bytes: Uint8Array) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const sent = (error?: Error | null): void => {
      if (error) return;
      released?.(bytes);
      this.#handlers?.drain?.();
    };
    const isOurs = released !== undefined && bytes.length >= MASKED_IN_PLACE_BYTES_MIN;
    if (isOurs && this.#isClient && this.#stream !== undefined) return sendMasked(this.#stream, bytes, sent);
    this.#socket.send(bytes, { binary: true, compress: false }, sent);
  }

  discard(message: Uint8Array): void {
    discardBytes(message);
  }

  together(work: () => void): void {
    this.#stream?.cork();
    try {
      work();
    } finally {
      this.#stream?.uncork();
    }
  }

  close(code: number, reason: string): void {
    if (this.#isEnded) return;
    if (this.#socket.readyState !== WebSocket.OPEN) return this.terminate();
    this.#socket.close(code, reason);
    this.#closeTimer ??= setTimeout(() => this.terminate(), CLOSE_TIMEOUT_MS);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#closeTimer);
    this.#handlers?.close(code, '');
  }
}

function dial(url: string, handlers: SocketHandlers): Socket {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: RECORD_WIRE_BYTES_MAX,
    followRedirects: false,
  });
  const wrapped = new WsSocket(socket, new URL(url).hostname.replace(/^\[|\]$/g, ''));
  wrapped.listen(handlers);
  return wrapped;
}

/** One answer a connection: what a client writes behind its first request is not looked at. */
const upgradeRequired: RequestHandler = (_request, response) => {
  response.writeHead(426, {
    'Content-Type': 'text/plain; charset=utf-8',
    Connection: 'close',
    Upgrade: 'websocket',
  });
  response.end('This port speaks WebSocket.\n');
};

/** The status of Node's own answer to an error of its parser. */
function statusOf(code: string | undefined): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
  }
}

function createServer(options: ListenOptions): Server {
  const { door, requestHandler } = options;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    // What was read together with the request that went too far.
    if (socket.destroyed) return;
    if (!door.request(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    if (requestHandler !== undefined) return requestHandler(request, response);
    socket.pause();
    upgradeRequired(request, response);
  };
  const limits = {
    headersTimeout: UPGRADE_TIMEOUT_MS,
    requestTimeout: UPGRADE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server =
    options.tls === undefined
      ? createHttpServer(limits, onRequest)
      : createHttpsServer({ ...limits, ...options.tls }, onRequest);
  if (requestHandler === undefined)
    readHeadsFirst(server, options.tls === undefined ? 'connection' : 'secureConnection', {
      timeoutMs: UPGRADE_TIMEOUT_MS,
      onLate: (socket) => answerGarbled('ERR_HTTP_REQUEST_TIMEOUT', socket, door),
      onMore: ({ remoteAddress = '' }) => door.garbled(remoteAddress),
    });
  return server;
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Answers as Node would, and tells the door of what no HTTP client sends; slowness and broken lines blame nobody. */
function answerGarbled(code: string | undefined, stream: Duplex, door: Door): void {
  const status = statusOf(code);
  if (code === 'ECONNRESET' || !stream.writable) return void stream.destroy();
  if (status !== 408) door.garbled((stream as { readonly remoteAddress?: string }).remoteAddress ?? '');
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n\r\n`, () =>
    stream.destroy(),
  );
}

/** Says why not in HTTP, which dialling nodes and proxies understand, and hangs up. */
function refuse(stream: Duplex, { status, retryAfterMs }: UpgradeVerdict & { allowed: false }): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Length: 0',
    ...(retryAfterMs < Infinity ? [`Retry-After: ${Math.ceil(retryAfterMs / 1_000)}`] : []),
  ];
  stream.once('finish', () => stream.destroy());
  stream.end(`${lines.join('\r\n')}\r\n\r\n`);
}

async function listen(options: ListenOptions): Promise<Listener> {
  const shared = options.server as Server | undefined;
  const server = shared ?? createServer(options);
  const webSockets = new WebSocketServer({
    noServer: true,
    path: options.path,
    perMessageDeflate: false,
    maxPayload: RECORD_WIRE_BYTES_MAX,
    clientTracking: false,
  });
  const open = new Set<WebSocket>();
  const lobby = new Lobby(options.door);
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const isOurs = webSockets.shouldHandle(request);
    if (!isOurs && shared !== undefined) return;
    const verdict = options.door.upgrade(request.socket.remoteAddress ?? '', request);
    if (!verdict.allowed) return refuse(stream, verdict);
    webSockets.handleUpgrade(request, stream, head, (webSocket) => {
      lobby.leave(request.socket);
      open.add(webSocket);
      webSocket.once('close', () => open.delete(webSocket));
      const socket = new WsSocket(webSocket, verdict.address, stream);
      socket.listen(options.door.accept(socket));
    });
  };
  server.on('upgrade', onUpgrade);
  if (shared === undefined)
    server.on('clientError', ({ code }: NodeJS.ErrnoException, stream) =>
      answerGarbled(code, stream, options.door),
    );
  // A shared server's other connections are its owner's business.
  if (shared === undefined) lobby.watch(server);
  if (shared === undefined) await bind(server, options);
  return {
    get port() {
      return portOf(server);
    },
    close: async () => {
      server.off('upgrade', onUpgrade);
      const ended = [...open].map((webSocket) => new Promise((resolve) => webSocket.once('close', resolve)));
      for (const webSocket of open) if (webSocket.readyState === WebSocket.OPEN) webSocket.close(NORMAL);
      const timer = setTimeout(() => {
        for (const webSocket of open) webSocket.terminate();
      }, CLOSE_TIMEOUT_MS);
      const closed = shared === undefined ? new Promise((resolve) => server.close(resolve)) : undefined;
      if (shared === undefined) server.closeIdleConnections();
      await Promise.all(ended);
      clearTimeout(timer);
      lobby.close();
      if (shared === undefined) server.closeAllConnections();
      await closed;
    },
  };
}

/** WebSockets of the `ws` package: dials and listens. */
export function createWsSocketLayer(): SocketLayer {
  return { dial, listen };
}
