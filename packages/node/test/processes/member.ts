import type { NodeId } from '@yakmesh/crypto';
import { join } from 'node:path';
import { callNode } from '../../src/control/control-client.js';
import type {
  ControlMethod,
  ControlMethods,
  HeardMessage,
  ListeningEvent,
} from '../../src/control/control-protocol.js';
import { CliProcess } from '../cli-process.js';
import type { Machine } from './machines.js';

/** All come from one address or two: what limits an address would limit the mesh. */
const UNLIMITED = '1000000';
const FLAGS: readonly string[] = [
  ...['--ws-port', '0', '--max-peers', '4', '--network-id', 'processes', '--no-passphrase'],
  ...['--max-connections-per-minute', UNLIMITED, '--max-handshakes-per-minute', UNLIMITED],
];

export interface MemberOptions {
  readonly number: number;
  readonly machine: Machine;
  /** Where it keeps its data directory. */
  readonly folder: string;
}

/** A node in a process of its own, which may die and start again, and what it has heard in all its lives. */
export class Member {
  readonly number: number;
  readonly machine: Machine;
  readonly heard: HeardMessage[] = [];
  /** When its process has started, by `performance.now()`; Infinity while it does not run. */
  aliveSinceMs = Infinity;
  endpoint = '';
  #nodeId: NodeId | undefined;
  readonly #dataDir: string;
  #process: CliProcess | undefined;

  constructor({ number, machine, folder }: MemberOptions) {
    this.number = number;
    this.machine = machine;
    this.#dataDir = join(folder, String(number));
  }

  get nodeId(): NodeId {
    if (this.#nodeId === undefined) throw new TypeError(`node ${this.number} has not started`);
    return this.#nodeId;
  }

  get isAlive(): boolean {
    return this.aliveSinceMs < Infinity;
  }

  /** Starts it, and resolves when it listens and tells what it hears. */
  async up(...endpoints: readonly string[]): Promise<void> {
    const { command, address } = this.machine;
    const place = ['--data-dir', this.#dataDir, '--host', address, '--public-host', address];
    const joins = endpoints.length > 0 ? ['--join', ...endpoints] : [];
    this.#process = new CliProcess(['up', ...place, ...FLAGS, ...joins], {}, command);
    await this.#process.printed('The node is up.');
    const { nodeId, endpoint } = await this.ask('status', {});
    this.#nodeId = nodeId;
    this.endpoint = endpoint;
    await this.#listen();
    this.aliveSinceMs = performance.now();
  }

  ask<Method extends ControlMethod>(
    method: Method,
    params: ControlMethods[Method]['params'],
  ): Promise<ControlMethods[Method]['result']> {
    return callNode(
      { dataDir: this.#dataDir, controlPath: join(this.#dataDir, 'control.sock') },
      method,
      params,
    );
  }

  async neighbours(): Promise<readonly NodeId[]> {
    return (await this.ask('peers', {})).map(({ nodeId }) => nodeId);
  }

  /** Kills the process where it stands. */
  async kill(): Promise<void> {
    this.aliveSinceMs = Infinity;
    this.#process?.child.kill('SIGKILL');
    await this.#process?.ended;
  }

  /** The process stands still; its system goes on holding its connections. */
  pause(): void {
    this.#process?.child.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.child.kill('SIGCONT');
  }

  /** Stops it in order; answers its exit code. */
  async stop(): Promise<number | null | undefined> {
    this.aliveSinceMs = Infinity;
    this.#process?.child.kill('SIGTERM');
    return (await this.#process?.ended)?.code;
  }

  /** How often it has heard a text. */
  timesHeard(text: string): number {
    return this.heard.filter(({ payload }) => payload === text).length;
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onEvent = (event: unknown): void => {
        const message = event as HeardMessage | ListeningEvent;
        if (message.kind === 'listening') resolve();
        else this.heard.push(message);
      };
      const place = { dataDir: this.#dataDir, controlPath: join(this.#dataDir, 'control.sock') };
      callNode(place, 'listen', {}, { timeoutMs: Infinity, onEvent }).catch(reject);
    });
  }
}
