import { mlKem768, xWing, type Kem } from '@yakmesh/crypto';
import { MeshArgumentError } from './errors.js';
import type { RateLimiterOptions } from './mesh/default-guard.js';
import { parseEndpoint } from './mesh/endpoint.js';
import { NETWORK_LABEL_BYTES_MAX, type NetworkName } from './network-hash.js';
import type { RecordOptions } from './mesh/mesh-record.js';
import type { RecordConfig } from './mesh/record-sync.js';
import type { RequestHandler } from './sockets/socket.js';
import * as sync from './sync/limits.js';
import { silentLogger, type Guard, type Logger, type Store } from './transport/index.js';
import { parseUrl } from './url.js';

/** Options of {@link MeshNetwork}. Every one has a default; an unknown one is a MeshArgumentError. */
export interface MeshOptions {
  /** TCP port to listen on; 0 for any free one. @default 9001 */
  readonly wsPort?: number | undefined;
  /** Neighbours at once; a further one takes the place of one that has enough others, or is told LINK_FULL. Each costs about 100 KB idle and up to 8 MB when it stalls. @default 10 */
  readonly maxPeers?: number | undefined;
  /** Silence, in milliseconds, after which a neighbour is asked whether it lives; it is dropped 3 s later. @default 30_000 */
  readonly pingInterval?: number | undefined;
  /** Ports tried after the first when it is in use. @default 10 */
  readonly portRetries?: number | undefined;
  /** Name of the network; null equals only null. @default null */
  readonly networkId?: string | null | undefined;
  /** Compatibility label, such as a hash of the codebase; a peer with another or none is refused. Proves nothing about a stranger. @default null */
  readonly networkFingerprint?: string | null | undefined;
  /** Where others can dial us: a host name or address, or a whole ws/wss URL, taken as it is. Null: never advertised. @default null */
  readonly publicHost?: string | null | undefined;
  /** Limits of the default guard; see {@link RateLimiterOptions}. @default {} */
  readonly rateLimiter?: RateLimiterOptions | undefined;
  /** Interface to listen on. @default all */
  readonly host?: string | undefined;
  /** Path of the WebSocket. @default '/' */
  readonly path?: string | undefined;
  /** An http(s).Server to share instead of opening a port. */
  readonly server?: object | undefined;
  /** Options of tls.createServer (`key`, `cert`): listens as wss. */
  readonly tls?: object | undefined;
  /** Answers plain HTTP requests on our port. @default 426 Upgrade Required */
  readonly requestHandler?: RequestHandler | undefined;
  /** In pino's shape. @default silent */
  readonly logger?: Logger | undefined;
  /** Asked at every accept, handshake and message, instead of the default guard. */
  readonly guard?: Guard | undefined;
  /** Networks whose nodes are accepted besides our own, for a rolling upgrade. At most 7. @default [] */
  readonly acceptNetworks?: readonly NetworkName[] | undefined;
  /** KEM of the link handshake; the same in the whole network. @default 'X-Wing' */
  readonly kem?: 'X-Wing' | 'ML-KEM-768' | undefined;
  /** Keeps replay state, the peers met last, and what protocols store. @default in memory */
  readonly store?: Store | undefined;
  /** How long broadcasts are kept for neighbours that were cut off, in milliseconds; 0 keeps none. @default 120_000 */
  readonly retentionMs?: number | undefined;
  /** Bytes that they may take; the oldest leave first. 0 keeps none. @default 16_777_216 */
  readonly retentionBytes?: number | undefined;
  /** Limits of replicated records; false keeps this node out of data sync. @default {} */
  readonly records?: RecordOptions | false | undefined;
  /** Budget for verifying other nodes' batches, per link; 1 is 30 % of one core. @default 1 */
  readonly headBudget?: number | undefined;
}

/** Options with every default filled in. */
export interface MeshConfig {
  readonly wsPort: number;
  readonly maxPeers: number;
  readonly pingInterval: number;
  readonly portRetries: number;
  readonly network: NetworkName;
  readonly publicHost: string | null;
  readonly rateLimiter: RateLimiterOptions;
  readonly host: string | undefined;
  readonly path: string;
  readonly server: object | undefined;
  readonly tls: object | undefined;
  readonly requestHandler: RequestHandler | undefined;
  readonly logger: Logger;
  readonly guard: Guard | undefined;
  readonly acceptNetworks: readonly NetworkName[];
  readonly kem: Kem;
  readonly store: Store | undefined;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly records: RecordConfig | undefined;
  readonly headBudget: number;
}

/** What options are where none is given. */
export const MESH_DEFAULTS = Object.freeze({
  wsPort: 9_001, // As the page says.
  maxPeers: 10, // Enough for a mesh of thousands; more neighbours cost more copies.
  pingInterval: 30_000, // Keeps NAT bindings alive; a loaded link is watched much closer.
  portRetries: 10, // Several nodes on one machine find their ports.
  path: '/',
  retentionMs: 120_000, // A restart, a roaming phone and most outages of a line are over by then.
  retentionBytes: 16_777_216, // As much as four links' queues.
  headBudget: 1,
});

const PORT_MAX = 65_535;
const PEERS_MAX = 10_000;
const DELAY_MS_MAX = 2_147_483_647;
const RETENTION_MS_MAX = 3_600_000;
const RETENTION_BYTES_MAX = 1_073_741_824;
const ACCEPT_NETWORKS_MAX = 7;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof MeshOptions>([
  'wsPort',
  'maxPeers',
  'pingInterval',
  'portRetries',
  'networkId',
  'networkFingerprint',
  'publicHost',
  'rateLimiter',
  'host',
  'path',
  'server',
  'tls',
  'requestHandler',
  'logger',
  'guard',
  'acceptNetworks',
  'kem',
  'store',
  'retentionMs',
  'retentionBytes',
  'records',
  'headBudget',
]);
const KNOWN_RECORDS: ReadonlySet<string> = new Set<keyof RecordOptions>([
  'recordsMax',
  'bytesMax',
  'tombstoneMs',
  'valueBytesMax',
]);
const KNOWN_LIMITS: ReadonlySet<string> = new Set<keyof RateLimiterOptions>([
  'maxConnectionsPerMinute',
  'maxMessagesPerSecond',
  'maxHandshakesPerMinute',
  'banThreshold',
  'banDuration',
]);

/** @throws MeshArgumentError for the first option that cannot be used, saying what to give instead. */
export function resolveOptions(options: MeshOptions): MeshConfig {
  refuseUnknown(options, KNOWN_OPTIONS, 'option');
  const rateLimiter = options.rateLimiter ?? {};
  refuseUnknown(rateLimiter, KNOWN_LIMITS, 'rateLimiter key');
  for (const [key, value] of Object.entries(rateLimiter))
    whole(`rateLimiter.${key}`, value as number, 0, DELAY_MS_MAX);
  const acceptNetworks = options.acceptNetworks ?? [];
  if (acceptNetworks.length > ACCEPT_NETWORKS_MAX)
    bad(`acceptNetworks takes at most ${ACCEPT_NETWORKS_MAX} networks.`);
  const kem = options.kem ?? 'X-Wing';
  if (kem !== 'X-Wing' && kem !== 'ML-KEM-768') bad(`kem is "X-Wing" or "ML-KEM-768", not ${String(kem)}.`);
  const headBudget = options.headBudget ?? MESH_DEFAULTS.headBudget;
  if (!(headBudget > 0 && headBudget <= 100))
    bad(`headBudget is a number above 0 and up to 100, not ${headBudget}.`);
  return {
    wsPort: whole('wsPort', options.wsPort ?? MESH_DEFAULTS.wsPort, 0, PORT_MAX),
    maxPeers: whole('maxPeers', options.maxPeers ?? MESH_DEFAULTS.maxPeers, 0, PEERS_MAX),
    pingInterval: whole(
      'pingInterval',
      options.pingInterval ?? MESH_DEFAULTS.pingInterval,
      100,
      DELAY_MS_MAX,
    ),
    portRetries: whole('portRetries', options.portRetries ?? MESH_DEFAULTS.portRetries, 0, PORT_MAX),
    network: networkName(options.networkId ?? null, options.networkFingerprint ?? null),
    publicHost: publicHost(options.publicHost ?? null),
    rateLimiter,
    host: options.host,
    path: path(options.path ?? MESH_DEFAULTS.path),
    server: options.server,
    tls: options.tls,
    requestHandler: options.requestHandler,
    logger: options.logger ?? silentLogger,
    guard: options.guard,
    acceptNetworks: acceptNetworks.map(({ networkId, networkFingerprint }) =>
      networkName(networkId, networkFingerprint),
    ),
    kem: kem === 'X-Wing' ? xWing : mlKem768,
    store: options.store,
    retentionMs: whole('retentionMs', options.retentionMs ?? MESH_DEFAULTS.retentionMs, 0, RETENTION_MS_MAX),
    retentionBytes: whole(
      'retentionBytes',
      options.retentionBytes ?? MESH_DEFAULTS.retentionBytes,
      0,
      RETENTION_BYTES_MAX,
    ),
    records: recordConfig(options.records ?? {}, options.store !== undefined),
    headBudget,
  };
}

function recordConfig(options: RecordOptions | false, isStored: boolean): RecordConfig | undefined {
  if (options === false) return undefined;
  refuseUnknown(options, KNOWN_RECORDS, 'records key');
  const bytesDefault = isStored ? sync.STORE_BYTES_DEFAULT : sync.MEMORY_BYTES_DEFAULT;
  const most = Number.MAX_SAFE_INTEGER;
  const given = (name: keyof RecordOptions, value: number, highest: number): number =>
    whole(`records.${name}`, options[name] ?? value, 1, highest);
  return {
    recordsMax: given('recordsMax', sync.RECORDS_DEFAULT, sync.RECORDS_MAX),
    bytesMax: given('bytesMax', bytesDefault, most),
    tombstoneMs: given('tombstoneMs', sync.TOMBSTONE_MS_DEFAULT, most),
    valueBytesMax: given('valueBytesMax', sync.VALUE_BYTES_DEFAULT, sync.VALUE_BYTES_MAX),
  };
}

function bad(message: string): never {
  throw new MeshArgumentError('MESH_BAD_OPTION', message);
}

function refuseUnknown(given: object, known: ReadonlySet<string>, what: string): void {
  for (const key of Object.keys(given)) {
    if (!known.has(key)) bad(`Unknown ${what} "${key}"; known are ${[...known].join(', ')}.`);
  }
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  return bad(`${name} is a whole number from ${least} to ${most}, not ${String(value)}.`);
}

function networkName(networkId: string | null, networkFingerprint: string | null): NetworkName {
  for (const [name, label] of Object.entries({ networkId, networkFingerprint })) {
    const isLabel =
      label === null || (typeof label === 'string' && 3 * label.length <= NETWORK_LABEL_BYTES_MAX);
    if (!isLabel)
      bad(`${name} is null or a string of at most ${Math.floor(NETWORK_LABEL_BYTES_MAX / 3)} characters.`);
  }
  return { networkId, networkFingerprint };
}

function publicHost(host: string | null): string | null {
  if (host === null) return null;
  if (typeof host !== 'string' || host === '')
    bad('publicHost is a host name, an address, or a ws:// or wss:// URL.');
  const isFit = /^wss?:/.test(host) ? parseEndpoint(host) !== undefined : isHost(bracketed(host));
  if (!isFit) bad(`publicHost "${host}" is no host name, no address and no ws:// or wss:// URL.`);
  return host;
}

/** Nothing but a host: what else a URL holds would end up in the endpoint unseen. */
function isHost(host: string): boolean {
  const url = parseUrl(`ws://${host}/`);
  if (url === undefined) return false;
  const { pathname, port, username, password, search, hash } = url;
  return pathname === '/' && `${port}${username}${password}${search}${hash}` === '' && !/[/?#@]/.test(host);
}

/** An IPv6 address as URLs write it. */
export function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function path(value: string): string {
  if (typeof value === 'string' && value.startsWith('/') && !/[?#\s]/.test(value)) return value;
  return bad(`path starts with "/" and has no query, not ${String(value)}.`);
}
