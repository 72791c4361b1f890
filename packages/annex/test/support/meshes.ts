import { memoryMesh, type MemoryMesh, type MemoryMeshOptions } from '@yakmesh/core/testing';
import type { Identity } from '@yakmesh/crypto';
import {
  AnnexChannel,
  AnnexListener,
  type AnnexChannelOptions,
  type AnnexListenerOptions,
  type SecureChannel,
} from '../../src/index.js';

/** One node of a mesh, and whom it lets in. */
export class Node {
  readonly mesh: MemoryMesh;
  readonly name: string;
  readonly identity: Identity;
  readonly accepted: SecureChannel[] = [];
  listener: AnnexListener | undefined;

  constructor(mesh: MemoryMesh, name: string, identity: Identity) {
    this.mesh = mesh;
    this.name = name;
    this.identity = identity;
  }

  get network() {
    return this.mesh.node(this.name);
  }

  listen(options: AnnexListenerOptions = {}): this {
    this.listener = new AnnexListener(this.identity, this.network, options);
    this.listener.on('channel', (channel) => this.accepted.push(channel));
    return this;
  }

  channelTo(peer: Node, options: AnnexChannelOptions = {}): AnnexChannel {
    return new AnnexChannel(this.identity, peer.identity.nodeId, options);
  }

  /** The channel that somebody opened. */
  async taken(index = 0): Promise<SecureChannel> {
    await this.mesh.until('the channel is accepted', () => this.accepted.length > index);
    const channel = this.accepted[index];
    if (channel === undefined) throw new Error('no channel');
    return channel;
  }
}

/** Nodes in memory, each linked with the next one. */
export async function line(names: readonly string[], options: MemoryMeshOptions = {}) {
  const mesh = await memoryMesh({ nodes: names, ...options });
  for (const [index, name] of names.slice(1).entries()) await mesh.connect(names[index] ?? '', name);
  await mesh.advance(100);
  const nodes = new Map<string, Node>();
  for (const name of names) nodes.set(name, new Node(mesh, name, await mesh.identity(name)));
  const node = (name: string): Node => {
    const found = nodes.get(name);
    if (found === undefined) throw new RangeError(name);
    return found;
  };
  return { mesh, node };
}

/** Two neighbours with an open channel from alice to bob. */
export async function openPair(
  options: { channel?: AnnexChannelOptions; listener?: AnnexListenerOptions } = {},
) {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen(options.listener)];
  const channel = alice.channelTo(bob, options.channel);
  await mesh.run(channel.establish(alice.network));
  const accepted = await bob.taken();
  return { mesh, alice, bob, channel, accepted };
}

/** The code with which a promise rejects, or what it resolved with. */
export async function failure(mesh: MemoryMesh, promise: Promise<unknown>): Promise<unknown> {
  return mesh.run(
    promise.then(
      () => 'no failure',
      (error: { code?: string; name?: string }) => error.code ?? error.name,
    ),
  );
}
