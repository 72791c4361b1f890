import { codeOf, SlidingWindow, type ProtocolPort, type TimerHandle } from '@yakmesh/core/transport';
import { FlowAhead } from './flow-ahead.js';
import type { FlowLine, LineOwner } from './flow-line.js';
import { RECORD_HEADER_BYTES } from './record/header.js';
import { RECORD_BYTES_MAX } from './record/padding.js';
import { giveRecordArray } from './record/record-arrays.js';
import type { PathRoom } from './session/transmitter.js';

/** Until a lost flow is opened again, doubling. */
const REOPEN_MS = 250;
const REOPEN_MS_MAX = 4_000;
/** Wrong tags in a minute that a way is borne for: whoever sends more is no lossy network. */
const FORGERIES_PER_WAY = 1_000;
const FORGERIES_WINDOW_MS = 60_000;
const FORGERIES_ENTRIES_MAX = 64;
/** With this code its flow is closed then. */
const FLOW_FORGED = 16;
/** How long another way is looked for. */
const WAYLESS_MS = 30_000;

/** Opens a flow with these first bytes. */
export type Reopen = (body: Uint8Array) => Promise<FlowLine>;

/** The session whose ways these are. */
export interface WaysSession {
  readonly activePath: number | undefined;
  /** The path is there, and its first record is sent before this returns. */
  openPath(path: number): void;
  closePath(path: number): void;
  /** The active path may have room. */
  drained(): void;
  /** No way was found in time. */
  wayless(): void;
}

export interface SessionWaysOptions {
  readonly port: ProtocolPort;
  readonly session: WaysSession;
  /** Only the initiator knows where to. */
  readonly reopen: Reopen | undefined;
  /** The flow of path 0. */
  readonly line: FlowLine;
}

interface Route {
  line: FlowLine | undefined;
  /** Records that wait for the flow to open or to drain. */
  readonly held: Uint8Array[];
  readonly forgeries: SlidingWindow;
  readonly ahead: FlowAhead;
}

/** The flows of a session by the numbers of their paths; when none is left, the initiator opens another one and the responder waits for it. */
export class SessionWays implements LineOwner {
  readonly #options: SessionWaysOptions;
  readonly #routes = new Map<number, Route>();
  #nextPath = 1;
  #reopenMs = 0;
  #waylessMs: number | undefined;
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(options: SessionWaysOptions) {
    this.#options = options;
    this.#routes.set(0, routeOf(options.line));
    options.line.owner = this;
  }

  /** What the active path takes now. */
  get room(): PathRoom {
    const path = this.#options.session.activePath;
    const route = path === undefined ? undefined : this.#routes.get(path);
    if (route === undefined || route.held.length > 0) return roomOf(0);
    // The first record of a new way opens it.
    if (route.line === undefined) return roomOf(RECORD_BYTES_MAX);
    const { queuedBytes, sealedBytesMax } = route.line.flow;
    return roomOf(route.ahead.bytes(sealedBytesMax) - queuedBytes, sealedBytesMax);
  }

  /** The path's number; a flow that is not known yet gets the next one. */
  pathOf(line: FlowLine): number {
    for (const [path, route] of this.#routes) if (route.line === line) return path;
    line.owner = this;
    return this.#add(line);
  }

  send(path: number, bytes: Uint8Array): void {
    const route = this.#routes.get(path);
    if (route === undefined) return;
    if (route.held.length > 0 || !this.#hand(route, bytes)) route.held.push(bytes);
  }

  /** Records go another way, which is there. */
  changed(): void {
    this.#waylessMs = undefined;
    this.#reopenMs = 0;
  }

  /** A record with a wrong tag came this way. False when there were too many: the way is closed, and another one is looked for. */
  forged(path: number): boolean {
    const route = this.#routes.get(path);
    const nowMs = this.#options.port.clock.monotonicMs();
    if (route === undefined || route.forgeries.take(nowMs)) return true;
    route.line?.close(FLOW_FORGED);
    this.#drop(path);
    return false;
  }

  drained(line: FlowLine): void {
    const { port, session } = this.#options;
    for (const route of this.#routes.values()) {
      if (route.line !== line) continue;
      route.ahead.drained(port.clock.monotonicMs());
      this.#flush(route);
    }
    session.drained();
  }

  lost(line: FlowLine): void {
    line.isOpen = false;
    this.#drop(this.pathOf(line));
  }

  /** Closes every flow and looks for none any more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.port.clock.clearTimer(this.#timer);
    for (const { line } of this.#routes.values()) line?.close();
    this.#routes.clear();
  }

  get #isSettled(): boolean {
    return this.#isStopped || this.#options.session.activePath !== undefined;
  }

  /** Whether the way's flow took it. */
  #hand({ line, ahead }: Route, bytes: Uint8Array): boolean {
    if (line?.send(bytes, RECORD_HEADER_BYTES, giveRecordArray) !== true) return false;
    ahead.handed(bytes.length, this.#options.port.clock.monotonicMs());
    return true;
  }

  #flush(route: Route): void {
    for (let bytes = route.held[0]; bytes !== undefined; bytes = route.held[0]) {
      if (!this.#hand(route, bytes)) return;
      route.held.shift();
    }
  }

  #add(line: FlowLine | undefined): number {
    const path = this.#nextPath;
    this.#nextPath += 1;
    this.#routes.set(path, routeOf(line));
    return path;
  }

  #drop(path: number): void {
    this.#routes.delete(path);
    this.#options.session.closePath(path);
    this.#find();
  }

  #find(): void {
    const { port, session, reopen } = this.#options;
    if (this.#isSettled || this.#timer !== undefined) return;
    const nowMs = port.clock.monotonicMs();
    this.#waylessMs ??= nowMs;
    if (nowMs - this.#waylessMs > WAYLESS_MS) return session.wayless();
    const delayMs = this.#reopenMs;
    this.#reopenMs = Math.min(REOPEN_MS_MAX, Math.max(REOPEN_MS, 2 * delayMs));
    this.#timer = port.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      if (reopen === undefined) this.#find();
      else void this.#open(reopen);
    });
  }

  async #open(reopen: Reopen): Promise<void> {
    const { port, session } = this.#options;
    if (this.#isSettled) return;
    const path = this.#add(undefined);
    const [waylessMs, reopenMs] = [this.#waylessMs, this.#reopenMs];
    session.openPath(path);
    // That it is the path to take does not mean that it leads anywhere.
    this.#waylessMs = waylessMs;
    this.#reopenMs = reopenMs;
    const route = this.#routes.get(path);
    if (route === undefined) return;
    try {
      const line = await reopen(route.held.shift() ?? new Uint8Array(0));
      if (this.#isStopped) return line.close();
      route.line = line;
      line.owner = this;
      this.changed();
      this.#flush(route);
      session.drained();
    } catch (error) {
      port.log.debug({ code: codeOf(error) }, 'no way to the other end of a session');
      this.#drop(path);
    }
  }
}

const roomOf = (bytes: number, recordBytesMax: number = RECORD_BYTES_MAX): PathRoom => ({
  bytes: Math.max(0, bytes),
  recordBytesMax,
});

function routeOf(line: FlowLine | undefined): Route {
  const forgeries = new SlidingWindow(FORGERIES_PER_WAY, FORGERIES_WINDOW_MS, FORGERIES_ENTRIES_MAX);
  return { line, held: [], forgeries, ahead: new FlowAhead() };
}
