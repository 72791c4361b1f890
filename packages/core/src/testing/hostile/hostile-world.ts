import { xWing, type NodeId } from '@yakmesh/crypto';
import { DefaultGuard } from '../../mesh/default-guard.js';
import type { Refusal } from '../../mesh/events.js';
import { MeshNetwork } from '../../mesh-network.js';
import { networkHash, type NetworkName } from '../../network-hash.js';
import type { MeshOptions } from '../../options.js';
import { systemRuntime } from '../../runtime.js';
import { codeOf, type Guard } from '../../transport/index.js';
import type { Attack } from './attack.js';
import { forgeBatch, type BatchLies, type EnvelopeLies, type ForgedBatch } from './forged-batch.js';
import { HandshakeAttacker } from './handshake-attacker.js';
import { HonestTalk } from './honest-talk.js';
import type { HostileSubject } from './hostile-runner.js';
import { LinkAttacker, type LinkAttackerOptions } from './link-attacker.js';
import { party, type Party, type PartyName } from './parties.js';
import { puzzledGuard } from './puzzled-guard.js';
import { RawAttacker } from './raw-attacker-node.js';
import { openSockets } from './resources-node.js';
import { RogueServer, type RogueServerOptions } from './rogue-server-node.js';
import { victimPool, worldPool, type SharedPool } from './shared-pool.js';
import { TcpAttacker } from './tcp-attacker-node.js';

/** How long anything may take that is to happen. */
const WAIT_MS = 12_000;
const POLL_MS = 3;
const NETWORK: NetworkName = { networkId: 'hostile', networkFingerprint: 'suite' };
/** Attackers are at 127.0.0.2 and above; honest peers at 127.0.0.1. */
const FIRST_ADDRESS = 2;

/** A victim with two honest neighbours that talk all the time, and the means to attack it. */
export class HostileWorld {
  readonly victim: MeshNetwork;
  readonly honest: readonly [MeshNetwork, MeshNetwork];
  readonly talk: HonestTalk;
  /** The victim's network. */
  readonly network: Uint8Array;
  /** Handshakes that came to nothing, as the victim told it. */
  readonly refusals: Refusal[] = [];
  /** Codes with which links of a node ended, as the victim told it. */
  readonly ends = new Map<string, string[]>();
  /** Bits of the puzzle that the victim demands, in attacks that ask for one. */
  puzzleBits = 0;
  readonly #name: NetworkName;
  readonly #endings: (() => unknown)[] = [];
  readonly #attackers: { terminate(): void }[] = [];
  #nextAddress = FIRST_ADDRESS;
  #mallories = 0;
  #sockets = 0;

  private constructor(attack: Attack, subject: HostileSubject, parties: readonly [Party, Party, Party]) {
    const [victim, alice, bob] = parties;
    const options = { ...NETWORK, ...attack.options };
    this.#name = {
      networkId: options.networkId ?? null,
      networkFingerprint: options.networkFingerprint ?? null,
    };
    this.network = networkHash(xWing.suite, this.#name);
    this.victim = meshOf(victim, victimPool, { ...options, ...this.#guarding(attack, subject) });
    this.honest = [meshOf(alice, worldPool, this.#name), meshOf(bob, worldPool, this.#name)];
    this.talk = new HonestTalk(this.victim, this.honest);
    this.victim.on('peer:refused', (refusal: Refusal) => void this.refusals.push(refusal));
    this.victim.on('peer:disconnected', ({ nodeId }, code) => {
      this.ends.set(nodeId, [...(this.ends.get(nodeId) ?? []), code]);
    });
  }

  /** A world that talks. */
  static async start(attack: Attack, subject: HostileSubject): Promise<HostileWorld> {
    const parties = await Promise.all([party('victim'), party('alice'), party('bob')]);
    const world = new HostileWorld(attack, subject, parties);
    await Promise.all([world.victim, ...world.honest].map((node) => node.start()));
    await Promise.all(world.honest.map((node) => node.connect(world.url)));
    await world.until('both honest peers', () => world.victim.getPeers().length === 2);
    world.#sockets = openSockets();
    world.puzzleBits = attack.puzzleBits ?? 0;
    world.talk.start();
    return world;
  }

  /** Where the victim listens. */
  get url(): string {
    return this.victim.getPublicEndpoint();
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** TCP sockets beyond those of the honest links. */
  get extraSockets(): number {
    return openSockets() - this.#sockets;
  }

  /** A loopback address that nobody else has. */
  address(): string {
    const number = this.#nextAddress;
    this.#nextAddress += 1;
    return `127.0.${number >> 8}.${number & 255}`;
  }

  party(name: PartyName): Promise<Party> {
    return party(name);
  }

  /** Counts of the victim. */
  counter(name: string): number {
    return this.victim.counters[name] ?? 0;
  }

  /** A WebSocket to the victim. */
  async raw(address = this.address()): Promise<RawAttacker> {
    return this.attacker(await RawAttacker.open(this.url, address));
  }

  /** A TCP connection to the victim. */
  async tcp(address = this.address()): Promise<TcpAttacker> {
    return this.attacker(await TcpAttacker.open(this.port, address));
  }

  /** Whatever is to be dropped when the attack is over. */
  attacker<T extends { terminate(): void }>(attacker: T): T {
    this.#attackers.push(attacker);
    return attacker;
  }

  /** A server that the victim can be made to dial. */
  async server(options: RogueServerOptions): Promise<RogueServer> {
    const server = await RogueServer.start(options);
    this.#endings.push(() => server.stop());
    return server;
  }

  /** A name that the victim has never heard of. */
  stranger(): PartyName {
    this.#mallories += 1;
    return `mallory ${this.#mallories}`;
  }

  async handshake(name: PartyName = 'mallory'): Promise<HandshakeAttacker> {
    return new HandshakeAttacker(await party(name), this.network);
  }

  /** A proven peer whose link is not established yet: by default a node that the victim has never heard of, so that nothing is held against it. */
  async proven(
    name: PartyName = this.stranger(),
    options: LinkAttackerOptions = {},
    address = this.address(),
  ): Promise<LinkAttacker> {
    const how = { solves: true, ...options };
    return LinkAttacker.over(await this.raw(address), await party(name), this.network, how);
  }

  /** A neighbour of the victim. */
  async link(name: PartyName = this.stranger(), options: LinkAttackerOptions = {}): Promise<LinkAttacker> {
    const link = await this.proven(name, options);
    link.info();
    await this.until('the link', () => this.victim.isConnectedTo(link.party.self.nodeId));
    return link;
  }

  /** A batch that a party truly signed. */
  async batch(
    origin: PartyName | LinkAttacker,
    envelopes: readonly EnvelopeLies[],
    lies: BatchLies = {},
  ): Promise<ForgedBatch> {
    const signer = typeof origin === 'string' ? await party(origin) : origin.party;
    return forgeBatch(signer, this.network, envelopes, lies);
  }

  /** Payloads of a protocol's broadcasts that the victim, or another node, gets of others than the honest peers. */
  heard(node: MeshNetwork = this.victim, type = 'gossip'): unknown[] {
    const payloads: unknown[] = [];
    const honest: readonly NodeId[] = this.honest.map(({ nodeId }) => nodeId);
    node.on(type, ({ payload }, _link, from) => {
      if (!honest.includes(from)) payloads.push(payload);
    });
    return payloads;
  }

  /** How the victim ended the last link of a node. */
  async endOf(link: LinkAttacker): Promise<string> {
    const { nodeId } = link.party.self;
    await this.until(`the end of ${nodeId}`, () => this.ends.has(nodeId));
    return this.ends.get(nodeId)?.at(-1) ?? '';
  }

  /** Why the victim refused so many handshakes, oldest first. */
  async refused(count = 1): Promise<string[]> {
    await this.until(`${count} refusals`, () => this.refusals.length >= count);
    return this.refusals.map(({ code }) => code);
  }

  /** Lets time pass until a condition holds. */
  async until(what: string, condition: () => boolean, limitMs = WAIT_MS): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while (!condition()) {
      if (performance.now() > untilMs) throw new RangeError(`${what}: not within ${limitMs} ms`);
      await this.pass(POLL_MS);
    }
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Drops all attackers, and waits until the victim holds nothing of them. */
  async dropAttackers(): Promise<void> {
    for (const attacker of this.#attackers) attacker.terminate();
    for (const end of this.#endings.splice(0)) await end();
    await this.until(
      'only honest links are left',
      () => this.extraSockets <= 0 && this.victim.getPeers().length === 2,
    );
  }

  /** True when both honest links are those of the start. */
  get areHonestLinked(): boolean {
    return this.honest.every(({ nodeId }) => this.victim.isConnectedTo(nodeId) && !this.ends.has(nodeId));
  }

  /** A newcomer's dial of the victim: the code with which it fails, or 'no error'. */
  newcomer(): Promise<string> {
    return this.dialAs('carol', this.url);
  }

  /** An honest node's dial of any place: the code with which it fails, or 'no error'. */
  async dialAs(name: PartyName, url: string, timeoutMs = WAIT_MS): Promise<string> {
    const node = meshOf(await party(name), worldPool, this.#name);
    await node.start();
    try {
      await node.connect(url, { timeoutMs });
      return 'no error';
    } catch (error) {
      return codeOf(error) ?? String(error);
    } finally {
      await node.stop();
    }
  }

  async stop(): Promise<void> {
    this.talk.stop();
    for (const attacker of this.#attackers) attacker.terminate();
    for (const end of this.#endings.splice(0)) await end();
    await Promise.all([...this.honest, this.victim].map((node) => node.stop()));
  }

  #guarding(
    { limits = {}, puzzleBits }: Attack,
    subject: HostileSubject,
  ): Pick<MeshOptions, 'guard' | 'rateLimiter'> {
    const guard: Guard | undefined = subject.guard(limits);
    if (puzzleBits !== undefined)
      return { guard: puzzledGuard(guard ?? new DefaultGuard(limits), () => this.puzzleBits) };
    return guard === undefined ? { rateLimiter: limits } : { guard };
  }
}

function meshOf({ identity }: Party, pool: SharedPool, options: MeshOptions): MeshNetwork {
  const runtime = { ...systemRuntime(), createPool: () => pool };
  return new MeshNetwork(identity, { wsPort: 0, host: '127.0.0.1', ...options }, runtime);
}
