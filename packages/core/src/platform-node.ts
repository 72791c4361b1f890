export { createWsSocketLayer as createSocketLayer } from './sockets/ws-sockets.js';
