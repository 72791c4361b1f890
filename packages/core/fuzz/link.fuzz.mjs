// An established link whose peer is authentic and hostile: genuine seals around damaged frames, in any order, with time
// passing and jobs answered at random. The machine never throws, never delivers what nobody signed, and stays bounded.
import { concatBytes, decodeBatchHead, xWing } from '@yakmesh/crypto';
import { encodeEnvelope, leafMessage } from '../dist/envelope/envelope.js';
import { encodePayload } from '../dist/envelope/payload.js';
import * as control from '../dist/link/control-frames.js';
import { encodeFlow, encodeFlowAttached } from '../dist/link/flow-frames.js';
import { KeyCache } from '../dist/link/key-cache.js';
import { LinkMachine } from '../dist/link/link-machine.js';
import { encodeBlock, encodeHeadFrame, encodeSingle } from '../dist/link/parcel-frames.js';
import { encodeFragmentHeader } from '../dist/link/reassembly.js';
import { encodeFrame, FrameKind } from '../dist/record/frames.js';
import { RecordKeys } from '../dist/record/record-keys.js';
import { machineRandom, must, mutate, target } from './mutation.mjs';
import { NETWORK, NOW_MS, party, record } from './transcript.mjs';

const encodeFragment = (stream, isLast, bytes) =>
  concatBytes(encodeFragmentHeader(stream, isLast, bytes.length), bytes);

const INFO = control.encodeInfo({
  endpoint: undefined,
  protocols: [],
  timeMs: NOW_MS,
  networks: [NETWORK.slice(0, 8)],
});

async function prepare() {
  const [a, b] = [await party(21), await party(22)];
  const { outcomes } = await record(a, b);
  const root = outcomes.responder.secrets.root.slice();
  const cores = ['one', 'two', 'three'].map((text, sequence) =>
    encodeEnvelope({
      class: 1,
      priority: 0,
      protocol: 'app',
      to: new Uint8Array(32),
      epoch: NOW_MS,
      sequence,
      timeMs: NOW_MS,
      lifeSeconds: 600,
      payload: encodePayload(text),
    }),
  );
  const signer = a.crypto.signer(NETWORK);
  const [{ batch }] = await Promise.all(
    cores.map((core) => signer.add('gossip', leafMessage(NETWORK, a.self.nodeIdBytes, core))),
  );
  const parts = { use: 'gossip', networkHash: NETWORK, headBytes: batch.head, signature: batch.signature };
  const messages = cores.map((core, index) => ({
    index,
    salt: batch.salts[index],
    core,
    path: new Uint8Array(0),
  }));
  const frames = [
    INFO,
    encodeFrame(FrameKind.KEY, a.self.publicKey),
    encodeHeadFrame(0, parts),
    encodeBlock(0, 1, messages),
    encodeSingle(0, 1, parts, messages[0]),
    encodeFragment(1, false, new Uint8Array(2_000)),
    encodeFragment(1, true, encodeBlock(0, 1, messages)),
    control.encodePeers([{ nodeId: a.self.nodeId, endpoint: 'ws://a/' }]),
    control.encodeCredit(0, 500_000),
    control.encodePing(FrameKind.PING, 5),
    control.encodePing(FrameKind.PONG, 1),
    control.encodeKeyUpdate(0, 1),
    control.encodeTranscriptSignature({
      epoch: 0,
      record: 1,
      signature: batch.signature,
      kemPart: new Uint8Array(xWing.publicKeyBytes),
    }),
    encodeFrame(FrameKind.TMARK),
    encodeFrame(FrameKind.NEED_KEY, a.self.nodeIdBytes),
    encodeFlowAttached(
      encodeFlow({ label: new Uint8Array(8), isCongested: false, body: new Uint8Array(8_192) }),
      28,
    ),
    encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97, 5)),
    control.encodeClose('LINK_CLOSED'),
  ];
  return { a, b, root, outcome: outcomes.responder, batch, cores, samples: frames };
}

/** A machine with the recorded secrets; it wipes its root, so each gets its own. */
function machineOf({ root, outcome, b }) {
  const secrets = { ...outcome.secrets, root: root.slice() };
  return new LinkMachine(
    {
      outcome: { ...outcome, secrets },
      kem: xWing,
      random: machineRandom(5),
      pingIntervalMs: 30_000,
      info: () => ({ endpoint: undefined, protocols: [], timeMs: NOW_MS, networks: [NETWORK.slice(0, 8)] }),
      keys: new KeyCache(),
      networkHashes: [NETWORK],
      headsPerSecond: 100,
      check: () => undefined,
      known: () => undefined,
      keyFor: () => b.self.publicKey,
    },
    0,
  );
}

function check(bytes, prepared, random) {
  const { batch, cores, samples } = prepared;
  const machine = machineOf(prepared);
  const keys = new RecordKeys(prepared.root.slice(), 'initiator', 0);
  const jobs = [];
  let nowMs = 0;
  const take = (actions) => {
    for (const action of actions) {
      if (action.type === 'job') jobs.push(action);
      if (action.type !== 'deliver') continue;
      const { messages, chargedBytes } = action.arrival;
      for (const { core } of messages) {
        const isGenuine = cores.some(
          (one) => one.length === core.length && one.every((b, i) => b === core[i]),
        );
        must(isGenuine, 'only what was signed is delivered');
      }
      machine.consumed(chargedBytes, nowMs);
    }
  };
  const answer = ({ ticket, job }) => {
    const head = job.type === 'verify-head' ? decodeBatchHead(job.head) : undefined;
    const isGenuine =
      head !== undefined &&
      job.head.every((byte, at) => byte === batch.head[at]) &&
      job.signature.every((byte, at) => byte === batch.signature[at]);
    if (job.type === 'verify-head' && random(5) > 0) {
      const root = isGenuine ? { ...head, signature: job.signature } : undefined;
      return take(machine.complete(ticket, { type: 'verify-head', root }, nowMs));
    }
    take(machine.complete(ticket, { type: 'failed' }, nowMs));
  };
  take(machine.receive(keys.seal(random(10) === 0 ? bytes : INFO), nowMs, nowMs));
  for (let step = 0; step < 12; step++) {
    nowMs += random(400);
    const frames = Array.from({ length: 1 + random(3) }, () =>
      random(3) === 0
        ? bytes
        : random(3) === 0
          ? mutate(random, samples)
          : samples[random(samples.length - 1)],
    );
    const length = frames.reduce((sum, frame) => sum + frame.length, 0);
    const plaintext = new Uint8Array(Math.min(65_520, Math.ceil(length / 256) * 256));
    let at = 0;
    for (const frame of frames) {
      if (at + frame.length > plaintext.length) break;
      plaintext.set(frame, at);
      at += frame.length;
    }
    const wire = random(40) === 0 ? mutate(random, [plaintext]) : keys.seal(plaintext);
    take(machine.receive(wire, nowMs, nowMs));
    // What may have been announced, in a length that fits most often.
    if (random(2) === 0 && frames.some(([kind]) => kind === FrameKind.FLOW_ATTACHED))
      take(machine.receive(new Uint8Array(8_192 * (1 + random(3))), nowMs, nowMs));
    if (random(3) === 0) take(machine.tick(nowMs));
    for (const job of jobs.splice(0, random(3))) answer(job);
    for (let count = 0; count < 20; count++) {
      const out = machine.nextRecord(nowMs);
      if (out === undefined) break;
      must(out.length <= 65_536, 'a record fits 65,536 bytes');
      take(machine.takeActions());
    }
  }
  for (const job of jobs) answer(job);
  machine.destroy();
}

export default target({
  name: 'link machine',
  prepare,
  check,
  covers: ['ParcelReader'],
  expensive: {
    runs: 100_000,
    why: 'each is a conversation of twelve sealed records with a machine of its own, 1 ms',
  },
});
