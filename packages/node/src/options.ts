import type { MeshOptions } from '@yakmesh/core';
import type { GuardOptions } from '@yakmesh/defense';
import { isNodeId, type SigningIdentity } from '@yakmesh/crypto';
import { NodeArgumentError } from './errors.js';

/** Options of {@link createNode}. Every one has a default; an unknown one is a NodeArgumentError. */
export interface NodeOptions {
  /**
   * Who the node is: an identity, or the path of an identity file that `yakmesh id` made. Without one it is a fresh identity
   * that is gone with the process. An identity given as an object stays its giver's to destroy. @default a fresh identity
   */
  readonly identity?: SigningIdentity | string | undefined;
  /** Opens a sealed identity file, which takes about 0.4 s and 128 MiB. @default none */
  readonly passphrase?: string | undefined;
  /** Options of the mesh, as @yakmesh/core documents them. @default {} */
  readonly mesh?: MeshOptions | undefined;
  /**
   * Options of the guard that @yakmesh/defense puts in front of the mesh, whose limits are `mesh.rateLimiter` where none are given here; false
   * leaves the mesh to core's own guard. Not together with `mesh.guard`. @default {}
   */
  readonly defense?: GuardOptions | false | undefined;
}

/** Options that were looked at. */
export interface NodeConfig {
  readonly identity: SigningIdentity | string | undefined;
  readonly passphrase: string | undefined;
  readonly mesh: MeshOptions;
  readonly defense: GuardOptions | false;
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof NodeOptions>([
  'identity',
  'passphrase',
  'mesh',
  'defense',
]);

/** @throws NodeArgumentError for the first option that cannot be used. The mesh looks at its own. */
export function resolveNodeOptions(options: NodeOptions): NodeConfig {
  if (typeof options !== 'object' || options === null)
    throw new NodeArgumentError('createNode takes one object of options.');
  for (const key of Object.keys(options)) {
    if (!KNOWN_OPTIONS.has(key)) throw new NodeArgumentError(unknownOption(key));
  }
  const { identity, passphrase, mesh, defense } = options;
  if (!isIdentity(identity)) {
    throw new NodeArgumentError(
      'identity is an identity of @yakmesh/crypto, or the path of an identity file.',
    );
  }
  if (passphrase !== undefined && typeof passphrase !== 'string')
    throw new NodeArgumentError('passphrase is a string.');
  if (passphrase !== undefined && typeof identity !== 'string')
    throw new NodeArgumentError('passphrase opens an identity file: give its path as identity.');
  if (mesh !== undefined && (typeof mesh !== 'object' || mesh === null))
    throw new NodeArgumentError('mesh is an object of options for the mesh.');
  const isDefense =
    defense === undefined || defense === false || (typeof defense === 'object' && defense !== null);
  if (!isDefense)
    throw new NodeArgumentError('defense is an object of options for the guard, or false for none.');
  if (defense !== undefined && defense !== false && mesh?.guard !== undefined)
    throw new NodeArgumentError('Give either defense or mesh.guard: a mesh has one guard.');
  return { identity, passphrase, mesh: mesh ?? {}, defense: defense ?? {} };
}

function unknownOption(key: string): string {
  return `Unknown option "${key}"; known are ${[...KNOWN_OPTIONS].join(', ')} (wsPort and its like go into mesh).`;
}

function isIdentity(identity: unknown): identity is NodeConfig['identity'] {
  if (identity === undefined) return true;
  if (typeof identity === 'string') return identity !== '';
  return (
    typeof identity === 'object' && identity !== null && 'nodeId' in identity && isNodeId(identity.nodeId)
  );
}
