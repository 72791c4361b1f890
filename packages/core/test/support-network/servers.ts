import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** A server of the test, and how to end it with all its connections. */
export interface TestServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** A TCP server that accepts and does what it is told to: by default nothing. */
export async function tcpServer(
  accept: (socket: Socket) => void = () => undefined,
  port = 0,
): Promise<TestServer> {
  return listening(createServer(accept), port);
}

/** A web server that knows no WebSockets. */
export async function httpServer(): Promise<TestServer> {
  return listening(
    createHttpServer((_request, response) => response.end('hello')),
    0,
  );
}

/** A WebSocket server that is no mesh node. */
export async function webSocketServer(accept: (socket: WebSocket) => void): Promise<TestServer> {
  const server = createHttpServer();
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  webSockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    accept(socket);
  });
  return listening(server, 0);
}

/** So many ports in a row that are taken, the first of them free again in `free`. */
export async function takenPorts(count: number): Promise<{ first: number; close(): Promise<void> }> {
  for (;;) {
    const servers = [await tcpServer()];
    const first = servers[0]?.port ?? 0;
    try {
      for (let port = first + 1; port < first + count; port += 1)
        servers.push(await tcpServer(undefined, port));
      const next = await tcpServer(undefined, first + count);
      await next.close();
      return { first, close: async () => void (await Promise.all(servers.map((server) => server.close()))) };
    } catch {
      await Promise.all(servers.map((server) => server.close()));
    }
  }
}

async function listening(server: Server, port: number): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve());
  });
  const bound = (server.address() as AddressInfo).port;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: bound, url: `ws://127.0.0.1:${bound}/`, close };
}
