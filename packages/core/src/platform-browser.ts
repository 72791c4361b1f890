export { createBrowserSocketLayer as createSocketLayer } from './sockets/browser-sockets.js';
