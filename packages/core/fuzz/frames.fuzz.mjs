// Every decoder of what records hold. Whatever one takes, its encoder gives back, or at least nothing throws.
import { concatBytes, encodeNodeId, equalBytes } from '@yakmesh/crypto';
import { encodePayload } from '../dist/envelope/payload.js';
import * as control from '../dist/link/control-frames.js';
import * as flows from '../dist/link/flow-frames.js';
import { decodeBlock, decodeHeadFrame, decodeSingle } from '../dist/link/parcel-frames.js';
import { Reassembly } from '../dist/link/reassembly.js';
import { decodeFrames, encodeFrame } from '../dist/record/frames.js';
import { must, mustBeLinear, target } from './mutation.mjs';

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
  flows.encodeProtocolFrame('app', core),
  encodeFrame(0x12, Uint8Array.of(1, 0, 0, 0, 0, 1), new Uint8Array(16), Uint8Array.of(0, 0, 80), core),
  encodeFrame(0x13, Uint8Array.of(1, 0, 0, 0, 0, 0, 0), new Uint8Array(16), Uint8Array.of(0, 0, 80), core),
  encodeFrame(0x11, new Uint8Array(3_432)),
  encodeFrame(0x15, Uint8Array.of(0, 1, 0x13, 0, 0, 80), core),
];

const decoders = [
  control.decodeInfo,
  control.decodePeers,
  control.decodeCredit,
  control.decodePing,
  control.decodeClose,
  control.decodeKeyUpdate,
  control.decodeTranscriptSignature,
  flows.decodeFlowOpen,
  flows.decodeFlow,
  flows.decodeFlowClose,
  flows.decodeProtocolFrame,
  decodeHeadFrame,
  decodeBlock,
  decodeSingle,
];

function prepare() {
  const repeated = (frame) => (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at + frame.length <= length; at += frame.length) bytes.set(frame, at);
    return bytes;
  };
  mustBeLinear('decodeFrames', repeated(Uint8Array.of(6, 0, 0, 0)), decodeFrames);
  const empty = concatBytes(new Uint8Array(16), Uint8Array.of(0, 0, 0));
  mustBeLinear('decodeBlock', repeated(empty), (bytes) => {
    bytes.set([1, 0, 0, 0, 15, 255]);
    decodeBlock(bytes);
  });
  mustBeLinear(
    'decodeInfo',
    (length) => encodePayload({ protocols: new Array(Math.floor(length / 20)).fill('a') }),
    control.decodeInfo,
  );
  return { samples: [...good, concatBytes(...good.slice(0, 6)), ...good.map((frame) => frame.subarray(4))] };
}

function check(bytes) {
  const frames = decodeFrames(bytes);
  if (frames !== undefined) {
    const again = concatBytes(...frames.map(({ kind, body }) => encodeFrame(kind, body)));
    must(equalBytes(bytes.subarray(0, again.length), again), 'frames have one encoding');
  }
  for (const decode of decoders) {
    decode(bytes);
    for (const { body } of frames ?? []) decode(body);
  }
  const reassembly = new Reassembly();
  for (let count = 0; count < 4; count++) reassembly.add(bytes);
  must(reassembly.bytes <= 1_048_576, 'a reassembly holds at most 1 MiB');
}

export default target({ name: 'frames', prepare, check, cost: 4 });
