// What the browser test bundles: a page that is a node of the mesh, driven from the test through `globalThis.meshPage`.
import { codeOf } from '../../src/transport/index.js';
import { MeshNetwork, type ConnectOptions, type MeshOptions } from '../../src/index.js';
import { Identity, type NodeId } from '@yakmesh/crypto';

/** What a handler of the page was given. */
export interface Heard {
  readonly type: string;
  readonly payload: unknown;
  readonly via: NodeId;
  readonly from: NodeId;
}

const heard: Heard[] = [];
const failures: string[] = [];
let mesh: MeshNetwork | undefined;

function running(): MeshNetwork {
  if (mesh === undefined) throw new RangeError('Call start first.');
  return mesh;
}

/** The code of what went wrong, or undefined when nothing did. */
async function codeWhen(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

export const meshPage = {
  async start(options: MeshOptions): Promise<NodeId> {
    mesh = new MeshNetwork(await Identity.generate(), options);
    for (const type of ['gossip', 'message']) {
      mesh.on(type, (message, link, from) => {
        heard.push({ type, payload: message.payload, via: link.nodeId, from });
      });
    }
    mesh.on('handler:failed', ({ message }) => failures.push(message));
    await mesh.start();
    return mesh.nodeId;
  },
  connect: async (endpoint: string): Promise<NodeId> => (await running().connect(endpoint)).nodeId,
  connectCode: (endpoint: string, options: ConnectOptions) =>
    codeWhen(() => running().connect(endpoint, options)),
  endpointCode: () => codeWhen(() => running().getPublicEndpoint()),
  broadcast: (text: string) => running().broadcast({ type: 'greeting', text }),
  send: (nodeId: NodeId, bytes: number) => running().sendTo(nodeId, new Uint8Array(bytes).fill(7)),
  heard: () => heard,
  failures: () => failures,
  async stop(): Promise<number> {
    await running().stop();
    await running().stop();
    return running().getPeers().length;
  },
};

export type MeshPage = typeof meshPage;
