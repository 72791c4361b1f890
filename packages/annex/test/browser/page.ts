// What the browser test bundles: a page that is a node and opens a channel, driven from the test through `globalThis.annexPage`.
import { MeshNetwork } from '@yakmesh/core';
import { Identity, type NodeId } from '@yakmesh/crypto';
import { AnnexChannel } from '../../src/index.js';

/** What the page found. */
export interface PageReport {
  readonly self: NodeId;
  readonly peerId: NodeId | null;
  /** Whether the other end was the page's neighbour after all. */
  readonly isNeighbour: boolean;
  readonly echo: unknown;
  readonly epoch: number;
  /** Bytes that the other end counted on a stream. */
  readonly counted: unknown;
  readonly isResumed: readonly boolean[];
}

/** Opens a channel to a node that is not the page's neighbour, talks, turns the keys, and opens another one. */
export async function annexPage(endpoint: string, peerId: NodeId, streamBytes: number): Promise<PageReport> {
  const identity = await Identity.generate();
  const mesh = new MeshNetwork(identity);
  await mesh.start();
  await mesh.connect(endpoint);
  const channel = new AnnexChannel(identity, peerId);
  await channel.establish(mesh);
  const next = (): Promise<unknown> => new Promise((resolve) => void channel.once('message', resolve));
  const echoed = next();
  await channel.send({ from: 'a page' });
  const echo = await echoed;
  const turned = new Promise<number>((resolve) => void channel.once('ratchet', resolve));
  channel.ratchet();
  const epoch = await turned;
  const count = next();
  const writer = channel.openStream().writable.getWriter();
  await writer.write(new Uint8Array(streamBytes));
  await writer.close();
  const counted = await count;
  await channel.close();
  const again = new AnnexChannel(identity, peerId);
  await again.establish(mesh);
  const isResumed = [channel.isResumed, again.isResumed];
  await again.close();
  const isNeighbour = mesh.isConnectedTo(peerId);
  await mesh.stop();
  return { self: identity.nodeId, peerId: channel.peerId, isNeighbour, echo, epoch, counted, isResumed };
}

/** What came back on a stream to a neighbour that sends everything back. */
export interface BulkReport {
  readonly isNeighbour: boolean;
  readonly bytes: number;
  readonly areSame: boolean;
}

export async function bulkPage(endpoint: string, peerId: NodeId, streamBytes: number): Promise<BulkReport> {
  const identity = await Identity.generate();
  const mesh = new MeshNetwork(identity);
  await mesh.start();
  await mesh.connect(endpoint);
  const isNeighbour = mesh.isConnectedTo(peerId);
  const channel = await new AnnexChannel(identity, peerId).establish(mesh);
  const { readable, writable } = channel.openStream();
  const writer = writable.getWriter();
  const sent = Uint8Array.from({ length: streamBytes }, (_, at) => at * 7 + (at >> 8));
  const written = writer.write(sent).then(() => writer.close());
  const reader = readable.getReader();
  let bytes = 0;
  let areSame = true;
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
    const from = bytes;
    areSame &&= value.every((byte, at) => byte === sent[from + at]);
    bytes += value.length;
  }
  await written;
  await channel.close();
  await mesh.stop();
  return { isNeighbour, bytes, areSame };
}
