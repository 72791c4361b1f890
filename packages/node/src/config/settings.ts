import { choice, isAddressBlock, isEndpoint, isPublicHost, list, text, whole, type Kind } from './kinds.js';

/** What `yakmesh up` goes by. */
export interface Settings {
  readonly dataDir: string;
  readonly identityFile: string;
  readonly controlPath: string;
  readonly wsPort: number;
  readonly portRetries: number;
  readonly host: string | undefined;
  readonly publicHost: string | undefined;
  readonly maxPeers: number;
  readonly networkId: string | undefined;
  readonly networkFingerprint: string | undefined;
  readonly join: readonly string[];
  readonly maxConnectionsPerMinute: number | undefined;
  readonly maxHandshakesPerMinute: number | undefined;
  readonly maxMessagesPerSecond: number | undefined;
  readonly banThreshold: number | undefined;
  readonly banDuration: number | undefined;
  readonly trustedProxies: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export type SettingKey = keyof Settings;

/** What is logged: all from this level on. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
/** `auto` is pretty at a terminal and JSON elsewhere. */
export type LogFormat = 'auto' | 'json' | 'pretty';

/** One setting, as its three sources name it. */
export interface Setting<Value = unknown> {
  readonly kind: Kind<NonNullable<Value>>;
  /** Placeholder of the flag's value. */
  readonly placeholder: string;
  readonly description: string;
  /** In the file it stands inside this object. */
  readonly group?: 'rateLimiter' | undefined;
  /** A path: from a file it is relative to the file's folder, else to the working directory. */
  readonly isPath?: boolean | undefined;
  /** What it is where no source gives it. The fallbacks of paths depend on the data directory: see resolve-settings.ts. */
  readonly fallback?: Value | undefined;
}

const PORT_MAX = 65_535;
const PEERS_MAX = 10_000;
/** The largest limit that the guard takes: more would limit nothing. */
const RATE_MAX = 1_000_000_000;
/** Characters of a network's label that fit its field in any encoding. */
const LABEL_LENGTH_MAX = 21_845;

const rate = whole(0, RATE_MAX);
const label = text(
  `a text of at most ${LABEL_LENGTH_MAX} characters`,
  (value) => value.length <= LABEL_LENGTH_MAX,
);

/** All settings, in the order in which people are shown them. */
export const SETTINGS: { readonly [Key in SettingKey]: Setting<Settings[Key]> } = {
  dataDir: {
    kind: text('the path of a folder'),
    placeholder: 'path',
    description: 'folder of what the node keeps (default: ~/.yakmesh)',
    isPath: true,
  },
  identityFile: {
    kind: text('the path of a file'),
    placeholder: 'path',
    description: 'who the node is (default: identity in the data directory)',
    isPath: true,
  },
  controlPath: {
    kind: text('the path of a socket'),
    placeholder: 'path',
    description: 'where the node is talked to (default: control.sock in the data directory)',
    isPath: true,
  },
  wsPort: {
    kind: whole(0, PORT_MAX),
    placeholder: 'port',
    description: 'port to listen on, 0 for any free one',
    fallback: 9_001,
  },
  portRetries: {
    kind: whole(0, PORT_MAX),
    placeholder: 'count',
    description: 'further ports tried when that one is in use',
    fallback: 10,
  },
  host: {
    kind: text('a host name or an address'),
    placeholder: 'address',
    description: 'interface to listen on (default: all)',
  },
  publicHost: {
    kind: text('a host name, an address, or a ws:// or wss:// URL', isPublicHost),
    placeholder: 'host',
    description: 'where others can dial this node (default: they are not told)',
  },
  maxPeers: {
    kind: whole(0, PEERS_MAX),
    placeholder: 'count',
    description: 'neighbours at once',
    fallback: 10,
  },
  networkId: {
    kind: label,
    placeholder: 'name',
    description: 'name of the network, the same at all its nodes (default: none)',
  },
  networkFingerprint: {
    kind: label,
    placeholder: 'text',
    description: 'compatibility label, the same at all nodes (default: none)',
  },
  join: {
    kind: list('ws://host:port or wss://host, with #yak1… for the expected node', isEndpoint),
    placeholder: 'url...',
    description: 'endpoints to dial until they answer',
    fallback: [],
  },
  maxConnectionsPerMinute: {
    kind: rate,
    placeholder: 'count',
    description: 'new connections of one address in a minute (default: 10)',
    group: 'rateLimiter',
  },
  maxHandshakesPerMinute: {
    kind: rate,
    placeholder: 'count',
    description: 'handshakes of one address in a minute (default: 5)',
    group: 'rateLimiter',
  },
  maxMessagesPerSecond: {
    kind: rate,
    placeholder: 'count',
    description: 'messages of one node in a second (default: 50)',
    group: 'rateLimiter',
  },
  banThreshold: {
    kind: whole(1, RATE_MAX),
    placeholder: 'count',
    description: 'refusals within ten minutes until a ban (default: 5)',
    group: 'rateLimiter',
  },
  banDuration: {
    kind: rate,
    placeholder: 'ms',
    description: 'how long a ban lasts, in milliseconds (default: 300000)',
    group: 'rateLimiter',
  },
  trustedProxies: {
    kind: list('an address or a block of addresses, as 10.0.0.0/8', isAddressBlock),
    placeholder: 'block...',
    description: 'reverse proxies that are believed about their clients',
    group: 'rateLimiter',
    fallback: [],
  },
  logLevel: {
    kind: choice('debug', 'info', 'warn', 'error', 'silent'),
    placeholder: 'level',
    description: 'debug, info, warn, error or silent',
    fallback: 'info',
  },
  logFormat: {
    kind: choice('auto', 'json', 'pretty'),
    placeholder: 'format',
    description: 'json, pretty, or auto: pretty at a terminal',
    fallback: 'auto',
  },
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** `--ws-port` */
export function flagOf(key: SettingKey): string {
  return `--${words(key).join('-')}`;
}

/** `YAKMESH_WS_PORT` */
export function variableOf(key: SettingKey): string {
  return VARIABLE_PREFIX + words(key).join('_').toUpperCase();
}

/** What begins the name of every variable of ours. */
export const VARIABLE_PREFIX = 'YAKMESH_';

/** `wsPort` as `ws`, `port`. */
function words(key: string): readonly string[] {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).split('-');
}
