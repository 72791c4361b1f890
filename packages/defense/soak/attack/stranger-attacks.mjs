// What strangers do who never say a true word: each function makes one attempt on a new connection and tells how that ended.
import { randomBytes } from 'node:crypto';
import { xWing } from '@yakmesh/crypto';
import {
  decodeWelcome,
  encodeConfirmClear,
  encodeHello,
  encodeProof,
  PARAMS_BYTES,
  PUZZLE_BYTES,
} from '../../../core/dist/handshake/messages.js';
import { networkPrefix } from '../../../core/dist/network-hash.js';

const BINARY = 2;
const TEXT = 1;
const PING = 9;
const GIBIBYTE = 2 ** 30;
const DRIP_MS = 20;
const CHUNK = Buffer.alloc(65_536, 'x');
const REQUESTS = Buffer.from('GET / HTTP/1.1\r\nHost: victim\r\n\r\n'.repeat(64));
const HEADERS = Buffer.from(
  `GET / HTTP/1.1\r\nHost: victim\r\n${'X-Header: aaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`,
);
const PINGS = Buffer.concat(Array.from({ length: 256 }, () => Buffer.from([0x80 | PING, 0x80, 0, 0, 0, 0])));
const SIGNATURE_BYTES = 3_309;
const PUBLIC_KEY_BYTES = 1_952;
const TAG_BYTES = 16;
/** How an attempt ended that was asked for a puzzle: the lane begins anew, which costs it less. */
export const PUZZLED = 'puzzled';

/** An attempt that begins with a WebSocket; it is over when the victim ends the connection. */
const webSocket = (act) => async (lane) => {
  const wire = lane.wire();
  const end = (await wire.upgraded()) === 101 ? await act(wire, lane) : undefined;
  await wire.ended;
  return end === PUZZLED ? end : wire.end;
};

/** One that begins with a TCP connection. */
const tcp = (act) => async (lane) => {
  const wire = lane.wire();
  if (await wire.opened()) await act(wire, lane);
  await wire.ended;
  return wire.end;
};

/** The WELCOME; undefined where the connection is over. */
async function sayHello(wire, { network, kemKey }) {
  const hello = encodeHello(xWing, {
    suite: xWing.suite,
    networkPrefix: networkPrefix(network),
    session: randomBytes(16),
    nonce: randomBytes(32),
    encapsulationKey: kemKey,
    puzzle: new Uint8Array(PUZZLE_BYTES),
  });
  await wire.frame(BINARY, hello);
  const answer = await wire.message();
  const welcome = answer === undefined ? undefined : decodeWelcome(answer);
  if (welcome === undefined && wire.isOpen) {
    wire.reset();
    return PUZZLED;
  }
  return welcome;
}

/** A CONFIRM in shape, of which not a bit is true. */
function garbageConfirm(welcome) {
  const clear = encodeConfirmClear(xWing.suite, welcome.responderSession);
  const proof = encodeProof({
    publicKey: randomBytes(PUBLIC_KEY_BYTES),
    params: randomBytes(PARAMS_BYTES),
    signature: randomBytes(SIGNATURE_BYTES),
    fin: randomBytes(32),
  });
  return Buffer.concat([clear, proof, randomBytes(TAG_BYTES)]);
}

export const strangerAttacks = {
  'TCP connect and reset': tcp(async (wire) => wire.reset()),
  'TCP connect and silence': tcp(async () => undefined),
  'HTTP headers, one byte at a time': tcp(async (wire) => {
    for (let index = 0; await wire.write(HEADERS.subarray(index, index + 1)); index += 1)
      await wire.pass(DRIP_MS);
  }),
  'HTTP headers without end': tcp(async (wire) => {
    while (await wire.write(HEADERS));
  }),
  'HTTP requests without end': tcp(async (wire) => {
    while (await wire.write(REQUESTS));
  }),
  'WebSocket and reset': webSocket(async (wire) => wire.reset()),
  'WebSocket and silence': webSocket(async () => undefined),
  'WebSocket and garbage': webSocket((wire) => wire.frame(BINARY, randomBytes(1_320))),
  'WebSocket and text': webSocket((wire) =>
    wire.frame(TEXT, Buffer.from('{"type":"hello","nodeId":"yak1"}')),
  ),
  'WebSocket and a frame of 1 GiB': webSocket(async (wire) => {
    await wire.frame(BINARY, CHUNK, GIBIBYTE);
    while (await wire.write(CHUNK));
  }),
  'WebSocket pings without end': webSocket(async (wire) => {
    while (await wire.write(PINGS));
  }),
  'HELLO and silence': webSocket(sayHello),
  'HELLO and a garbage CONFIRM': webSocket(async (wire, lane) => {
    const welcome = await sayHello(wire, lane);
    if (welcome === undefined || welcome === PUZZLED) return welcome;
    return wire.frame(BINARY, garbageConfirm(welcome));
  }),
};
