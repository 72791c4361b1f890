import type { CryptoPool } from '@yakmesh/crypto';
import { MeshError } from '../errors.js';
import type { DrainWaits } from './drain-waits.js';
import type { EventHub } from './event-hub.js';
import type { Listening } from './listening.js';
import type { MeshParts } from './mesh-parts.js';

export interface LifecycleOptions {
  readonly pool: CryptoPool;
  readonly hub: EventHub;
  readonly listening: Listening;
  readonly drains: DrainWaits;
  /** The parts of the mesh, which exist by the time it is started or stopped. */
  readonly parts: () => MeshParts;
}

type State = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** The one life of a mesh: in what order its parts are opened and closed, and whether it may be used now. */
export class Lifecycle {
  readonly #options: LifecycleOptions;
  #state: State = 'idle';
  #starting: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  start(): Promise<void> {
    this.#starting ??= this.#options.hub.observed('start', this.#start());
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#options.hub.observed('stop', this.#stop());
    return this.#stopping;
  }

  /** Waits for a start that is under way. Rejects where there is none, or the mesh was stopped. */
  async whenStarted(): Promise<void> {
    if (this.#state === 'starting') await this.#starting;
    this.requireRunning();
  }

  requireRunning(): void {
    if (this.#state === 'idle') throw new MeshError('MESH_NOT_STARTED', 'Call start() first.');
    if (this.#state !== 'running') throw new MeshError('MESH_STOPPED', 'The mesh was stopped.');
  }

  async #start(): Promise<void> {
    if (this.#state !== 'idle')
      throw new MeshError('MESH_STOPPED', 'A stopped mesh cannot start again; make a new one.');
    this.#state = 'starting';
    this.#opening = this.#open();
    try {
      await this.#opening;
    } catch (error) {
      await this.stop();
      throw error;
    }
    // The caller may have stopped us while the port was being bound.
    if (this.#isStopRequested())
      throw new MeshError('MESH_STOPPED', 'The mesh was stopped while it started.');
    this.#state = 'running';
    this.#options.parts().membership.start();
  }

  async #open(): Promise<void> {
    const { pool, listening, parts } = this.#options;
    const { replayKeeper, membership, recordSync, links } = parts();
    await pool.ready();
    await replayKeeper?.start();
    await membership.load();
    await recordSync?.start();
    await listening.start(links.door);
  }

  #isStopRequested(): boolean {
    return this.#state !== 'starting';
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    const { listening, drains, parts } = this.#options;
    const { redialer, membership, flows, finder, forwarder, deliveries, links, pacer, spreader, router } =
      parts();
    const { crypto, replayKeeper, recordSync, protocols } = parts();
    // What is being opened can be closed only once it is open.
    await this.#opening?.catch(() => undefined);
    redialer.stop();
    protocols.stop();
    spreader.stop();
    flows.stop();
    finder.stop();
    forwarder.stop();
    deliveries.stop(
      new MeshError('MESH_STOPPED', 'The mesh was stopped before the message was acknowledged.'),
    );
    drains.stop();
    await Promise.all([links.stop(), listening.stop()]);
    pacer.stop();
    router.stop();
    await recordSync?.stop();
    await crypto.close();
    await membership.stop();
    await replayKeeper?.stop();
    this.#state = 'stopped';
  }
}
