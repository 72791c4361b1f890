// Every decoder of what records hold. Whatever one takes, its encoder gives back, or at least nothing throws.
import { concatBytes, encodeNodeId, equalBytes } from '@yakmesh/crypto';
import { encodePayload } from '../dist/envelope/payload.js';
import { AttachmentReader } from '../dist/link/attachment.js';
import * as control from '../dist/link/control-frames.js';
import * as flows from '../dist/link/flow-frames.js';
import { decodeBlock, decodeHeadFrame, decodeSingle } from '../dist/link/parcel-frames.js';
import { Reassembly } from '../dist/link/reassembly.js';
import { decodeFrames, encodeFrame } from '../dist/record/frames.js';
import { must, repeated, target } from './mutation.mjs';

const nodeId = encodeNodeId(new Uint8Array(32).fill(1));
const label = new Uint8Array(8).fill(2);
const core = new Uint8Array(80).fill(3);

const good = [
  control.encodeInfo({
    endpoint: 'ws://a/',
    protocols: ['app'],
    timeMs: 5,
    networks: [new Uint8Array(8)],
  }),
  control.encodePeers([
    { nodeId, endpoint: 'ws://a/' },
    { nodeId, endpoint: 'wss://b/c' },
  ]),
  control.encodeCredit(5, 9),
  control.encodePing(6, 7),
  control.encodeClose('LINK_FULL'),
  control.encodeKeyUpdate(0, 1),
  control.encodeTranscriptSignature({
    epoch: 1,
    record: 2,
    signature: new Uint8Array(3_309),
    kemPart: new Uint8Array(1_120),
  }),
  flows.encodeFlowOpen({
    label,
    ttl: 3,
    destination: new Uint8Array(32),
    protocol: 'app',
    body: core,
  }),
  flows.encodeFlow({ label, isCongested: true, body: core }),
  flows.encodeFlowClose({ label, code: 1 }),
  flows.encodeFlowAttached(flows.encodeFlow({ label, isCongested: true, body: new Uint8Array(8_192) }), 28),
  flows.encodeFlowAttached(flows.encodeFlow({ label, isCongested: false, body: new Uint8Array(65_024) }), 28),
  flows.encodeProtocolFrame('app', core),
  encodeFrame(0x12, Uint8Array.of(1, 0, 0, 0, 0, 1), new Uint8Array(16), Uint8Array.of(0, 0, 80), core),
  encodeFrame(0x13, Uint8Array.of(1, 0, 0, 0, 0, 0, 0), new Uint8Array(16), Uint8Array.of(0, 0, 80), core),
  encodeFrame(0x11, new Uint8Array(3_432)),
  encodeFrame(0x15, Uint8Array.of(0, 1, 0x13, 0, 0, 80), core),
];

/** Every decoder of a frame's body, by its name. */
const bodies = {
  decodeInfo: control.decodeInfo,
  decodePeers: (bytes) => {
    const hints = control.decodePeers(bytes);
    if (hints === undefined) return;
    must(!hints.some(({ endpoint }) => /[^\x21-\x7e]|[<>"'`]/.test(endpoint)), 'no hint holds markup');
    // An endpoint that is none is decoded as no text.
    if (!hints.every(({ endpoint }) => endpoint.length > 0)) return;
    must(equalBytes(control.encodePeers(hints).subarray(4), bytes), 'hints have one encoding');
  },
  decodeCredit: control.decodeCredit,
  decodePing: control.decodePing,
  decodeClose: control.decodeClose,
  decodeKeyUpdate: control.decodeKeyUpdate,
  decodeTranscriptSignature: control.decodeTranscriptSignature,
  decodeFlowOpen: (bytes) => {
    const frame = flows.decodeFlowOpen(bytes);
    if (frame !== undefined)
      must(equalBytes(flows.encodeFlowOpen(frame).subarray(4), bytes), 'a flow opens with one encoding');
  },
  decodeFlow: flows.decodeFlow,
  decodeFlowClose: flows.decodeFlowClose,
  decodeFlowAttached: (bytes) => {
    const frame = flows.decodeFlowAttached(bytes);
    must((frame?.length ?? 8_192) >= 8_192 && (frame?.head.length ?? 0) <= 64, 'what is attached is large');
  },
  decodeProtocolFrame: (bytes) => {
    const frame = flows.decodeProtocolFrame(bytes);
    if (frame === undefined) return;
    const again = flows.encodeProtocolFrame(frame.protocol, frame.body).subarray(4);
    must(equalBytes(again, bytes), 'a frame of a protocol has one encoding');
  },
  decodeHeadFrame,
  decodeBlock: (bytes) => {
    const messages = decodeBlock(bytes)?.messages ?? [];
    const sum = messages.reduce((bytesSoFar, { core: one }) => bytesSoFar + one.length, 0);
    must(sum <= bytes.length, 'a block holds no more than it has');
  },
  decodeSingle,
};

/** What the frames of a record announce is read as PROTOCOL.md says: whole bodies, as many as 65,536 bytes take, in at most four messages. */
function checkAttachments(bytes) {
  const [reader, other] = [new AttachmentReader(), new AttachmentReader()];
  const messages = [];
  for (const { body } of decodeFrames(bytes) ?? []) {
    const length = reader.announced(body, 0);
    must(other.announced(body, 0) === length, 'an announcement means one thing');
    if (length === undefined) continue;
    const last = messages.length - 1;
    if (last >= 0 && messages[last] + length <= 65_536) messages[last] += length;
    else messages.push(length);
  }
  must(messages.length <= 4, 'at most four messages follow a record');
  must(other.take(new Uint8Array((messages[0] ?? 0) + 1)) === undefined, 'another length is refused');
  for (const length of messages)
    must(reader.take(new Uint8Array(length)) !== undefined, 'what was announced is taken');
  must(!reader.isAwaited, 'nothing else is awaited');
}

const emptyMessage = concatBytes(new Uint8Array(16), Uint8Array.of(0, 0, 0));

export default target({
  name: 'frames',
  samples: () => [
    ...good,
    concatBytes(...good.slice(0, 6)),
    // Most decoders read a body: these have no header.
    ...good.map((frame) => frame.subarray(4)),
  ],
  decoders: {
    decodeFrames: (bytes) => {
      const frames = decodeFrames(bytes);
      if (frames === undefined) return;
      const again = concatBytes(...frames.map(({ kind, body }) => encodeFrame(kind, body)));
      must(equalBytes(bytes.subarray(0, again.length), again), 'frames have one encoding');
    },
    ...bodies,
  },
  covers: ['AttachmentReader', 'Reassembly'],
  shapes: [
    ['empty frames', (length) => repeated(Uint8Array.of(6, 0, 0, 0), length)],
    [
      'a block of empty messages',
      (length) => {
        const bytes = repeated(emptyMessage, length);
        bytes.set([1, 0, 0, 0, 15, 255]);
        return bytes;
      },
    ],
    [
      'an INFO of many protocols',
      (length) =>
        encodePayload({
          endpoint: null,
          timeMs: 1,
          networks: [],
          protocols: new Array(Math.floor(length / 3)).fill('a'),
        }),
    ],
  ],
  check: (bytes) => {
    for (const { body } of decodeFrames(bytes) ?? [])
      for (const decode of Object.values(bodies)) decode(body);
    const reassembly = new Reassembly();
    for (let count = 0; count < 4; count++) reassembly.add(bytes);
    must(reassembly.bytes <= 1_048_576, 'a reassembly holds at most 1 MiB');
    checkAttachments(bytes);
  },
});
