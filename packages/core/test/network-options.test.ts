import { beforeAll, expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import {
  MESH_DEFAULTS,
  MeshNetwork,
  MessageTypes,
  RATE_LIMITER_DEFAULTS,
  type MeshOptions,
} from '../src/index.js';
import { thrown } from './support-network/failure.js';

let identity: Identity;

beforeAll(async () => {
  identity = await Identity.generate();
});

test('the defaults are the page’s', () => {
  expect(MESH_DEFAULTS).toMatchObject({ wsPort: 9001, maxPeers: 10, pingInterval: 30000, portRetries: 10 });
  expect(RATE_LIMITER_DEFAULTS).toEqual({
    maxConnectionsPerMinute: 10,
    maxHandshakesPerMinute: 5,
    banThreshold: 5,
    banDuration: 300000,
  });
});

test('the nine message types are the page’s', () => {
  expect(MessageTypes).toEqual({
    HELLO: 'hello',
    WELCOME: 'welcome',
    PING: 'ping',
    PONG: 'pong',
    PEERS: 'peers',
    SYNC_REQUEST: 'sync_request',
    SYNC_RESPONSE: 'sync_response',
    REPLICATE: 'replicate',
    GOSSIP: 'gossip',
  });
});

test('every method of the page is there', () => {
  const mesh = new MeshNetwork(identity);
  const methods = [
    'start',
    'connect',
    'broadcast',
    'sendTo',
    'on',
    'off',
    'emit',
    'isConnectedTo',
    'getPeers',
  ] as const;
  for (const method of [...methods, 'getPublicEndpoint', 'stop'] as const)
    expect(typeof mesh[method]).toBe('function');
});

test('every option of the page is taken, and null where the page has null', () => {
  const page: MeshOptions = {
    wsPort: 9001,
    maxPeers: 10,
    pingInterval: 30000,
    portRetries: 10,
    networkId: null,
    networkFingerprint: null,
    publicHost: null,
    rateLimiter: {},
  };
  expect(thrown(() => new MeshNetwork(identity, page))).toBe('no error');
  expect(thrown(() => new MeshNetwork(identity, { ...page, networkId: 'yakmesh' }))).toBe('no error');
  expect(thrown(() => new MeshNetwork(identity, { wsPort: undefined, logger: undefined }))).toBe('no error');
});

test.each<[string, object]>([
  ['an unknown option', { wsport: 1 }],
  ['an unknown limit', { rateLimiter: { maxMessages: 1 } }],
  ['a negative limit', { rateLimiter: { banDuration: -1 } }],
  ['a port beyond 65,535', { wsPort: 65_536 }],
  ['a port that is text', { wsPort: '9001' }],
  ['a negative number of peers', { maxPeers: -1 }],
  ['half a peer', { maxPeers: 0.5 }],
  ['a ping interval of nothing', { pingInterval: 0 }],
  ['a ping interval that no timer can wait', { pingInterval: 2 ** 31 }],
  ['negative retries', { portRetries: -1 }],
  ['a network id that is no text', { networkId: 7 }],
  ['an empty publicHost', { publicHost: '' }],
  ['a publicHost with a path', { publicHost: 'host/path' }],
  ['a publicHost with a port', { publicHost: 'host:8080' }],
  ['a publicHost with a name', { publicHost: 'user@host' }],
  ['a publicHost that is a broken URL', { publicHost: 'ws://' }],
  ['a path without slash', { path: 'mesh' }],
  ['another KEM', { kem: 'RSA' }],
  ['a budget of nothing', { headBudget: 0 }],
  [
    'too many accepted networks',
    { acceptNetworks: Array.from({ length: 8 }, () => ({ networkId: 'x', networkFingerprint: null })) },
  ],
])('%s is refused with MESH_BAD_OPTION, as a TypeError', (_what, options) => {
  expect(thrown(() => new MeshNetwork(identity, options as MeshOptions))).toBe('MESH_BAD_OPTION');
  expect(() => new MeshNetwork(identity, options as MeshOptions)).toThrow(TypeError);
});

test('an unknown option is named, with those that are known', () => {
  expect(() => new MeshNetwork(identity, { prot: 1 } as MeshOptions)).toThrow(/"prot".*wsPort/);
});

test.each([undefined, null, {}, { nodeId: 'yak1' }, 'identity'])('%p is no identity', (wrong) => {
  expect(thrown(() => new MeshNetwork(wrong as never))).toBe('MESH_BAD_ARGUMENT');
});

test('an identity is taken by its interface', () => {
  const { nodeId, nodeIdBytes, publicKey } = identity;
  const elsewhere = { nodeId, nodeIdBytes, publicKey, sign: identity.sign.bind(identity) };
  expect(new MeshNetwork(elsewhere).nodeId).toBe(nodeId);
});
