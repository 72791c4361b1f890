import type { NodeId } from '@yakmesh/crypto';
import { systemClock, type Logger } from '@yakmesh/core/transport';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { tokenPathOf } from '../control/control-place.js';
import type { NodeStatus } from '../control/control-protocol.js';
import { ControlServer } from '../control/control-server.js';
import { createToken, removeToken } from '../control/token.js';
import { createNode, type YakmeshNode } from '../create-node.js';
import { NodeError } from '../errors.js';
import { packageVersion } from '../package-place.js';
import { openStore, type EmbeddedStore } from '../store/embedded-store.js';
import { controlCalls } from './control-calls.js';
import { Joiner } from './joiner.js';

/** For the owner alone. */
const FOLDER_MODE = 0o700;

/** What a node is started with. */
export interface RunningNodeOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Opens the identity file: asked once the data directory is known to be free. */
  readonly passphrase: () => Promise<string | undefined>;
}

/** The node of a data directory: mesh, store, control socket, and the endpoints that it joins. */
export class RunningNode {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #store: EmbeddedStore;
  readonly #node: YakmeshNode;
  readonly #joiner: Joiner;
  readonly #startedMs = systemClock.monotonicMs();
  #control: ControlServer | undefined;
  #stopping: Promise<void> | undefined;
  #tellStopAsked: () => void = () => undefined;
  /** Resolves when somebody has asked for a stop, over the control socket too. */
  readonly stopAsked: Promise<void>;

  private constructor({ settings, log }: RunningNodeOptions, store: EmbeddedStore, node: YakmeshNode) {
    this.#settings = settings;
    this.#log = log;
    this.#store = store;
    this.#node = node;
    this.#joiner = new Joiner({ mesh: node.mesh, log });
    this.stopAsked = new Promise((resolve) => (this.#tellStopAsked = resolve));
  }

  /** Rejects with NODE_DATA_IN_USE, NODE_DATA_UNUSABLE, NODE_CONTROL_IN_USE, and as createNode and its start do; nothing is left then. */
  static async start(options: RunningNodeOptions): Promise<RunningNode> {
    const { dataDir } = options.settings;
    await makeFolder(dataDir);
    const store = await openStore(join(dataDir, 'store'));
    try {
      const running = new RunningNode(options, store, await composed(options, store));
      await running.#start();
      return running;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get nodeId(): NodeId {
    return this.#node.identity.nodeId;
  }

  get endpoint(): string {
    return this.#node.mesh.getPublicEndpoint();
  }

  status(): NodeStatus {
    const { dataDir, maxPeers, networkId = null, networkFingerprint = null } = this.#settings;
    const { mesh } = this.#node;
    return {
      nodeId: this.nodeId,
      version: packageVersion(),
      pid: process.pid,
      uptimeMs: Math.round(systemClock.monotonicMs() - this.#startedMs),
      endpoint: this.endpoint,
      networkId,
      networkFingerprint,
      dataDir,
      peers: mesh.getPeers().length,
      maxPeers,
      joins: this.#joiner.states,
      memoryBytes: process.memoryUsage.rss(),
      records: { size: mesh.records.size, fingerprint: mesh.records.fingerprint },
      counters: mesh.counters,
    };
  }

  /** Ends all: first what comes from outside, then the mesh, then the store. Twice is fine. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Answers whoever asked for the stop. */
  async end(): Promise<void> {
    await this.#control?.end();
  }

  async #start(): Promise<void> {
    const { dataDir, controlPath, join: endpoints } = this.#settings;
    const log = this.#log;
    try {
      await this.#node.start();
      const token = await createToken(tokenPathOf(dataDir));
      const handler = controlCalls({
        mesh: this.#node.mesh,
        status: () => this.status(),
        stop: () => this.stop(),
      });
      this.#control = await ControlServer.listen({ path: controlPath, token, handler, log });
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#watch();
    this.#joiner.start(endpoints);
  }

  /** What the mesh itself does not log. */
  #watch(): void {
    const { mesh } = this.#node;
    const log = this.#log;
    mesh.on('peer:suspect', ({ nodeId }) => log.info({ peer: nodeId }, 'A peer does not answer.'));
    mesh.on('clock:skew', ({ nodeId, skewMs }) =>
      log.warn({ peer: nodeId, skewMs }, 'A clock is so wrong that messages are refused; set it by NTP.'),
    );
    mesh.on('send:failed', ({ operation, code }) => log.debug({ operation, code }, 'A call failed.'));
  }

  async #stop(): Promise<void> {
    this.#tellStopAsked();
    try {
      // Socket and token go while the data directory is still ours: the next node makes its own.
      this.#control?.close();
      await removeToken(tokenPathOf(this.#settings.dataDir));
      await this.#joiner.stop();
      await this.#node.stop();
    } finally {
      await this.#store.close();
    }
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw new NodeError(
      'NODE_DATA_UNUSABLE',
      `The data directory ${path} cannot be made; give another one by --data-dir.`,
      {
        cause: error,
      },
    );
  }
}

async function composed(
  { settings, log, passphrase }: RunningNodeOptions,
  store: EmbeddedStore,
): Promise<YakmeshNode> {
  const { wsPort, portRetries, host, publicHost, maxPeers, networkId, networkFingerprint } = settings;
  const { maxConnectionsPerMinute, maxHandshakesPerMinute, maxMessagesPerSecond } = settings;
  const { banThreshold, banDuration, trustedProxies, identityFile } = settings;
  const limits = {
    maxConnectionsPerMinute,
    maxHandshakesPerMinute,
    maxMessagesPerSecond,
  };
  return createNode({
    identity: identityFile,
    passphrase: await passphrase(),
    mesh: {
      wsPort,
      portRetries,
      host,
      publicHost,
      maxPeers,
      networkId,
      networkFingerprint,
      store,
      logger: log,
    },
    defense: { rateLimiter: { ...limits, banThreshold, banDuration, trustedProxies } },
  });
}
