import { concatBytes, utf8ToBytes } from '@yakmesh/crypto';
import { encodePayload } from '../../../envelope/payload.js';
import type { Attack } from '../attack.js';

const text = (value: string): Uint8Array =>
  concatBytes(Uint8Array.of(0x60 | value.length), utf8ToBytes(value));
const DEEP = 10_000;

/** CBOR that no honest sender makes; none of it may be decoded. */
const BAD_PAYLOADS: readonly (readonly [string, Uint8Array])[] = [
  ['arrays nested 17 deep', concatBytes(new Uint8Array(17).fill(0x81), Uint8Array.of(0))],
  ['arrays nested 10,000 deep', concatBytes(new Uint8Array(DEEP).fill(0x81), Uint8Array.of(0))],
  [
    'maps nested 10,000 deep',
    concatBytes(...Array.from({ length: DEEP }, () => Uint8Array.of(0xa1, 0)), Uint8Array.of(0)),
  ],
  ['an array that declares 10⁶ items', Uint8Array.of(0x9a, 0, 0x0f, 0x42, 0x40, 0)],
  ['an array that declares 2⁶³ items', Uint8Array.of(0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  [
    'a map with one key twice',
    concatBytes(Uint8Array.of(0xa2), text('a'), Uint8Array.of(1), text('a'), Uint8Array.of(2)),
  ],
  ['text that is no UTF-8', Uint8Array.of(0x62, 0xc3, 0x28)],
  ['a number and a byte more', Uint8Array.of(0x01, 0x01)],
  ['no bytes at all', new Uint8Array(0)],
  ['a bignum', Uint8Array.of(0xc2, 0x41, 1)],
  ['an indefinite array', Uint8Array.of(0x9f, 1, 0xff)],
  ['a NaN', Uint8Array.of(0xf9, 0x7e, 0)],
  [
    'an integer beyond 64 bits with sign',
    Uint8Array.of(0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  ],
];

/** Names of events that belong to the mesh, and to the language. */
const RESERVED: readonly string[] = [
  'peer:connected',
  'handler:failed',
  'hello',
  'welcome',
  'ping',
  'peers',
  'message',
  'gossip',
  '',
];

/** Signed envelopes whose payload is the attack. */
export const payloadAttacks: readonly Attack[] = [
  ...BAD_PAYLOADS.map(([what, payload]): Attack => ({
    trap: 'D6',
    title: `a payload of ${what} is refused before it is built, and its origin is blamed`,
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const batch = await world.batch(link, [
        { sequence: 0, payload },
        { sequence: 1, body: 'fine' },
      ]);
      await link.paced(batch.frames());
      await world.until('what is fine', () => heard.length > 0);
      expect(heard).toEqual(['fine']);
      expect(world.counter('PEER_BAD_PAYLOAD')).toBe(1);
    },
  })),
  {
    trap: 'D6',
    title: 'a key named __proto__ swaps no prototype',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const inner = concatBytes(Uint8Array.of(0xa1), text('polluted'), Uint8Array.of(0xf5));
      const batch = await world.batch(link, [
        { sequence: 0, payload: concatBytes(Uint8Array.of(0xa1), text('__proto__'), inner) },
        { sequence: 1, payload: encodePayload({ constructor: 1, text: 'an honest "__proto__"' }) },
      ]);
      await link.paced(batch.frames());
      const isHonest = (payload: unknown): boolean =>
        typeof payload === 'object' && payload !== null && Object.hasOwn(payload, 'text');
      await world.until('the honest text', () => heard.some(isHonest));
      for (const payload of heard) expect((payload as { polluted?: unknown }).polluted).toBe(undefined);
      expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
    },
  },
  {
    trap: 'M5',
    title: 'a payload that makes one handler throw is heard by the others, and nobody else is disturbed',
    run: async (world, expect) => {
      const failed: string[] = [];
      const heard: unknown[] = [];
      world.victim.on('gossip', ({ payload }) => {
        if (payload === 'bomb') throw new Error('an application that fell for it');
      });
      world.victim.on('gossip', ({ payload }) => void (payload === 'bomb' && heard.push(payload)));
      world.victim.on('handler:failed', ({ type }) => {
        failed.push(type);
        throw new Error('and a handler of failures that fails');
      });
      const link = await world.link();
      const bombs = Array.from({ length: 20 }, (_, sequence) => ({ sequence, body: 'bomb' }));
      await link.paced((await world.batch(link, bombs)).frames());
      await world.until('all of them', () => heard.length === bombs.length);
      expect(failed.length).toBe(bombs.length);
    },
  },
  {
    trap: 'M5',
    title: 'a payload whose type is the name of one of the mesh’s own events raises none',
    run: async (world, expect) => {
      const link = await world.link();
      const raised: string[] = [];
      const payloads: unknown[] = [];
      for (const type of RESERVED)
        world.victim.on(type, (message) => {
          if (type === 'gossip') payloads.push(message?.payload);
          else if (typeOf(message.payload) === type) raised.push(type);
        });
      const types = [...RESERVED, 'x'.repeat(65), '__proto__', 'a:b'];
      world.victim.on('x'.repeat(65), () => void raised.push('long'));
      world.victim.on('a:b', () => void raised.push('a:b'));
      const batch = await world.batch(
        link,
        types.map((type, sequence) => ({ sequence, body: { type, probe: true } })),
      );
      await link.paced(batch.frames());
      const probes = (): unknown[] =>
        payloads.filter((payload) => (payload as { probe?: true } | undefined)?.probe === true);
      await world.until('all as gossip', () => probes().length === types.length);
      expect(raised).toEqual([]);
    },
  },
];

function typeOf(payload: unknown): unknown {
  return (payload as { type?: unknown } | undefined)?.type;
}
