import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Counts what a page leaves behind; it must run before the page's own script. */
const COUNTING = `
  globalThis.sockets = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(...values) { super(...values); sockets.push(this); }
  };
  globalThis.timers = new Set();
  const { setTimeout: set, clearTimeout: clear, setInterval: setRegular, clearInterval: clearRegular } = globalThis;
  globalThis.setTimeout = (work, ...rest) => {
    const id = set((...values) => { timers.delete(id); work(...values); }, ...rest);
    timers.add(id);
    return id;
  };
  globalThis.setInterval = (...values) => {
    const id = setRegular(...values);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => { timers.delete(id); clear(id); };
  globalThis.clearInterval = (id) => { timers.delete(id); clearRegular(id); };
`;

/** What a page still has open. */
export const LEFT_BEHIND =
  '({ sockets: sockets.filter(({ readyState }) => readyState !== 3).length, timers: timers.size })';

/** True where there is a Chromium; otherwise it says why nothing is tested. */
export function hasChromium(): boolean {
  if (existsSync(EXECUTABLE)) return true;
  console.warn(`There is no ${EXECUTABLE} (set CHROMIUM): the browser is not tested.`);
  return false;
}

function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/script.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript
        ? script
        : '<!doctype html><title>test</title><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>',
    );
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Runs `work` with a page that has loaded the script, and answers what went wrong in the page besides. */
export async function withPage(script: string, work: (page: Page) => Promise<void>): Promise<string[]> {
  const server = await serve(script);
  const { port } = server.address() as AddressInfo;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  const errors: string[] = [];
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addInitScript(COUNTING);
    await page.goto(`http://localhost:${port}/`);
    await work(page);
  } finally {
    await browser.close();
    server.close();
  }
  return errors;
}
