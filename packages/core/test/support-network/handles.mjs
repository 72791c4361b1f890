// Everything that a node may be in the middle of, then stop: prints which of the process's resources and sockets are left.
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';

function resources() {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !['PipeWrap', 'TTYWrap', 'CloseReq', 'Immediate'].includes(name));
}
function sockets() {
  if (process.platform !== 'linux') return 0;
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link.startsWith('socket:')).length;
}
const listening = (server) =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`ws://127.0.0.1:${server.address().port}`)),
  );
const code = (promise) =>
  promise.then(
    () => 'no error',
    (error) => error.code,
  );

const socketsBefore = sockets();
const accepted = new Set();
const silent = createServer((socket) => accepted.add(socket).size);
const web = createHttpServer((_request, response) => response.end('web'));
const [silentUrl, webUrl] = [await listening(silent), await listening(web)];

const nodes = [];
for (let count = 0; count < 3; count += 1) {
  nodes.push(
    new MeshNetwork(await Identity.generate(), {
      wsPort: 0,
      host: '127.0.0.1',
      networkId: count === 2 ? 'other' : null,
    }),
  );
}
await Promise.all(nodes.map((node) => node.start()));
const [a, b, other] = nodes;
await a.connect(b.getPublicEndpoint());
await a.broadcast('hello');
console.log('mismatch', await code(a.connect(other.getPublicEndpoint())));
console.log('wrong', await code(a.connect(b.getPublicEndpoint(), { expected: other.nodeId })));
console.log('self', await code(a.connect(a.getPublicEndpoint())));
console.log('web', await code(a.connect(webUrl)));
console.log('refused', await code(a.connect('ws://127.0.0.1:1')));
console.log('timeout', await code(a.connect(silentUrl, { timeoutMs: 100 })));
const aborting = new AbortController();
const aborted = code(a.connect(silentUrl, { signal: aborting.signal }));
aborting.abort();
console.log('aborted', await aborted);
const port = Number(new URL(b.getPublicEndpoint()).port);
const unlucky = new MeshNetwork(await Identity.generate(), {
  wsPort: port,
  host: '127.0.0.1',
  portRetries: 0,
});
console.log('taken', await code(unlucky.start()));
// A peer that was dialled and is gone: it is being dialled again when we stop.
await b.stop();
void a.broadcast('to nobody');
const hanging = code(a.connect(silentUrl));
const startedAndStopped = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
const starting = code(startedAndStopped.start());
await Promise.all([a.stop(), other.stop(), startedAndStopped.stop(), unlucky.stop()]);
await a.stop();
console.log('hanging', await hanging);
console.log('starting', await starting);
for (const socket of accepted) socket.destroy();
await Promise.all([silent, web].map((server) => new Promise((resolve) => server.close(resolve))));
// Servers are closed a few turns after they say so.
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(`left ${JSON.stringify({ resources: resources(), sockets: sockets() - socketsBefore })}`);
