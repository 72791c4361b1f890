import { utf8ToBytes } from '@yakmesh/crypto';
import { HANDSHAKE_BYTES_MAX } from '../../../mesh/handshake-driver.js';
import { RECORD_WIRE_BYTES_MAX } from '../../../record/frames.js';
import type { Attack } from '../attack.js';
import type { RawAttacker } from '../raw-attacker-node.js';
import { heldBytes } from '../resources-node.js';
import { clientFrame } from '../tcp-attacker-node.js';

/** WebSocket close codes, RFC 6455 §7.4.1. */
const POLICY = 1_008;
const ABNORMAL = 1_006;
const TOO_BIG = 1_009;
const PROTOCOL_ERROR = 1_002;
const BINARY_FINAL = 0x82;
const COMPRESSED_FINAL = 0xc2;
const HUNDRED_MEBIBYTES = 104_857_600;
/** A frame of 100 MiB must cost the victim next to nothing. */
const SMALL_GROWTH_BYTES = 4 * 1_048_576;

/** What strangers send before they have said a true word. */
export const strangerAttacks: readonly Attack[] = [
  {
    trap: 'M7',
    title: 'a first message of 8,193 bytes is no handshake',
    run: async (world, expect) => {
      const raw = await world.raw();
      raw.send(new Uint8Array(HANDSHAKE_BYTES_MAX + 1));
      expect((await raw.ended).code).toBe(POLICY);
      expect(await world.refused()).toEqual(['PEER_NOT_HANDSHAKE']);
    },
  },
  {
    trap: 'M7',
    title: 'a message longer than any record is not read to its end',
    run: async (world, expect) => {
      const raw = await world.raw();
      raw.send(new Uint8Array(RECORD_WIRE_BYTES_MAX + 1));
      expect((await raw.ended).code).toBe(TOO_BIG);
      expect(raw.messages.length).toBe(0);
    },
  },
  {
    trap: 'M7',
    title: 'a frame that declares 100 MiB ends at its header, and nothing is allocated for it',
    heldBytesGrowthMax: SMALL_GROWTH_BYTES,
    run: async (world, expect) => {
      const tcp = await world.tcp();
      expect(await tcp.upgrade()).toBe('HTTP/1.1 101 Switching Protocols');
      tcp.write(clientFrame(BINARY_FINAL, new Uint8Array(1_000), HUNDRED_MEBIBYTES));
      await tcp.ended;
      expect(await world.refused()).toEqual(['LINK_CLOSED']);
    },
  },
  {
    trap: 'M7',
    title: 'one endless message in small parts ends at the size of a record',
    run: async (world, expect) => {
      const raw = await world.raw();
      for (let part = 0; part < 70 && raw.isOpen; part += 1) raw.sendPart(new Uint8Array(1_024));
      expect((await raw.ended).code).toBe(TOO_BIG);
    },
  },
  {
    trap: 'M7',
    title: 'compressed frames are refused: no compression was agreed on, whatever was asked for',
    run: async (world, expect) => {
      const tcp = await world.tcp();
      const status = await tcp.upgrade('Sec-WebSocket-Extensions: permessage-deflate\r\n');
      expect(status).toBe('HTTP/1.1 101 Switching Protocols');
      expect(tcp.received.toLowerCase().includes('permessage-deflate')).toBe(false);
      tcp.write(clientFrame(COMPRESSED_FINAL, new Uint8Array(1_000)));
      await tcp.ended;
      expect(await world.refused()).toEqual(['LINK_CLOSED']);
    },
  },
  {
    trap: 'H6',
    title: 'binary garbage of every length is no handshake',
    run: async (world, expect) => {
      const lengths = [0, 1, 7, 8, 1_320, 8_192];
      for (const length of lengths) {
        const raw = await world.raw();
        raw.send(new Uint8Array(length).map((_, index) => (index * 31 + 165) & 255));
        expect((await raw.ended).code).toBe(POLICY);
      }
      expect(await world.refused(lengths.length)).toEqual(lengths.map(() => 'PEER_NOT_HANDSHAKE'));
    },
  },
  {
    trap: 'H1',
    title: 'a HELLO in JSON that claims an honest peer’s id is no handshake, and that peer keeps its link',
    run: async (world, expect) => {
      const raw = await world.raw();
      raw.send(JSON.stringify({ type: 'hello', nodeId: world.honest[0].nodeId, version: 1 }));
      expect((await raw.ended).code).toBe(POLICY);
      expect(await world.refused()).toEqual(['PEER_NOT_HANDSHAKE']);
    },
  },
  {
    trap: 'H6',
    title: 'a handshake that drips in messages of one byte ends at the first',
    run: async (world, expect) => {
      const raw = await world.raw();
      const hello = await (await world.handshake()).hello();
      for (const byte of hello) raw.send(Uint8Array.of(byte));
      expect((await raw.ended).code).toBe(POLICY);
      expect(await world.refused()).toEqual(['PEER_NOT_HANDSHAKE']);
    },
  },
  {
    trap: 'M6',
    title: 'pings of the WebSocket layer by a stranger that reads nothing are not answered without end',
    heldBytesGrowthMax: SMALL_GROWTH_BYTES,
    run: async (world, expect) => {
      const raw = await world.raw();
      const before = heldBytes();
      raw.pause();
      await floodPings(raw, 150_000);
      expect((await raw.ended).code).toBe(ABNORMAL);
      // A victim that queued an answer for each ping would hold 20 MB now.
      expect(heldBytes() - before).toBeLessThanOrEqual(SMALL_GROWTH_BYTES);
    },
  },
  {
    trap: 'M7',
    title: 'HTTP headers without end are refused at 16 KB',
    run: async (world, expect) => {
      const tcp = await world.tcp();
      tcp.write('GET / HTTP/1.1\r\nHost: victim\r\n');
      for (let line = 0; line < 40 && !tcp.isEnded; line += 1)
        tcp.write(`X-${line}: ${'a'.repeat(1_000)}\r\n`);
      await tcp.ended;
      expect(tcp.statusLine).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    },
  },
  {
    trap: 'M7',
    title: 'a web request for another path or without an upgrade gets an answer, and no link',
    run: async (world, expect) => {
      const tcp = await world.tcp();
      tcp.write('POST /x HTTP/1.1\r\nHost: victim\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello');
      await tcp.ended;
      expect(tcp.statusLine).toBe('HTTP/1.1 426 Upgrade Required');
      const other = await world.tcp();
      other.write(
        'GET /other HTTP/1.1\r\nHost: victim\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      await other.ended;
      expect(other.statusLine).toBe('HTTP/1.1 400 Bad Request');
    },
  },
  {
    trap: 'M7',
    title: 'unmasked and reserved WebSocket frames end the connection',
    run: async (world, expect) => {
      for (const bytes of [Uint8Array.of(0x82, 1, 7), Uint8Array.of(0x8b, 0x80, 0, 0, 0, 0)]) {
        const tcp = await world.tcp();
        await tcp.upgrade();
        tcp.write(bytes);
        await tcp.ended;
        const close = tcp.received.split('\r\n\r\n')[1] ?? '';
        expect([...close].map((letter) => letter.charCodeAt(0)).slice(0, 4)).toEqual([
          0x88,
          close.charCodeAt(1),
          PROTOCOL_ERROR >> 8,
          PROTOCOL_ERROR & 255,
        ]);
      }
    },
  },
];

/** Sends pings and lets the victim read them. */
async function floodPings(raw: RawAttacker, count: number): Promise<void> {
  const body = utf8ToBytes('p'.repeat(125));
  for (let sent = 0; sent < count && raw.isOpen; sent += 500) {
    for (let ping = 0; ping < 500; ping += 1) raw.ping(body);
    await raw.flushed();
  }
}
