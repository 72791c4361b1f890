// What attackers do who have an identity and a true handshake: each function uses one link until the victim ends it.
import { randomBytes } from 'node:crypto';
import { Identity } from '@yakmesh/crypto';
import { encodePing } from '../../../core/dist/link/control-frames.js';
import { FrameKind } from '../../../core/dist/record/frames.js';
import { forgeBatch } from '../../../core/dist/testing/hostile/forged-batch.js';
import { LinkAttacker } from '../../../core/dist/testing/hostile/link-attacker.js';
import { freshParams } from '../../../core/dist/testing/hostile/parties.js';
import { PUZZLED } from './stranger-attacks.mjs';
import { RawAttacker } from '../../../core/dist/testing/hostile/raw-attacker-node.js';

const SIGNATURE_BYTES = 3_309;
const STORM_BATCH_MESSAGES = 256;
const HUGE_BATCH_MESSAGES = 4_096;
const PINGS_PER_RECORD = 1_000;
const RECORD_BYTES = 4_096;
const BODY = 'x'.repeat(64);

/** A new identity for an attacker, as many as it likes: they cost nothing. */
export async function party() {
  const identity = await Identity.generate();
  const { nodeId, nodeIdBytes, publicKey } = identity;
  return { identity, self: { nodeId, nodeIdBytes, publicKey, params: freshParams() } };
}

/** Frames without end, made while the link lives, as fast as credit and socket take them. */
async function pour(link, make) {
  while (link.raw.isOpen) {
    if (!(await link.paced(await make()))) return;
    await turn();
  }
}

/** The other lanes have a turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An attempt that begins with a true handshake; where a puzzle is asked for instead, the next one does. */
const neighbour = (act) => async (lane) => {
  const raw = await RawAttacker.open(lane.url, lane.address);
  lane.opened(raw);
  if (raw.isOpen) {
    try {
      const link = await LinkAttacker.over(raw, await lane.party(), lane.network);
      link.info();
      await act(link, lane);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (raw.isOpen) {
        raw.terminate();
        return PUZZLED;
      }
    }
  }
  const { code, status } = await raw.ended;
  if (status !== undefined) return `HTTP ${status}`;
  return raw.messages.length === 0 && code === 1_006 ? 'reset' : `closed ${code}`;
};

const envelopes = (count, sequence) =>
  Array.from({ length: count }, (_, index) => ({
    sequence: sequence + index,
    body: { type: 'storm', BODY },
  }));

export const neighbourAttacks = {
  'handshake and goodbye': neighbour(async (link) => link.raw.terminate()),
  'gossip storm': neighbour(async (link, lane) => {
    let slot = 0;
    await pour(link, async () => {
      const sequence = lane.sequence(STORM_BATCH_MESSAGES);
      const batch = await forgeBatch(link.party, lane.network, envelopes(STORM_BATCH_MESSAGES, sequence));
      slot = (slot + 1) % 256;
      return [batch.key, batch.head(slot), batch.block(slot)];
    });
  }),
  'huge batches, one message at a time': neighbour(async (link, lane) => {
    await pour(link, async () => {
      const sequence = lane.sequence(HUGE_BATCH_MESSAGES);
      const batch = await forgeBatch(link.party, lane.network, envelopes(HUGE_BATCH_MESSAGES, sequence));
      return batch.frames();
    });
  }),
  'the same messages again and again': neighbour(async (link, lane) => {
    const batch = await forgeBatch(link.party, lane.network, envelopes(16, lane.sequence(16)));
    await pour(link, async () => batch.frames());
  }),
  'a bad signature': neighbour(async (link, lane) => {
    await pour(link, async () => {
      const batch = await forgeBatch(link.party, lane.network, envelopes(1, lane.sequence(1)));
      return [batch.key, batch.head(0, randomBytes(SIGNATURE_BYTES)), batch.single(0)];
    });
  }),
  'records that do not open': neighbour(async (link) => {
    link.raw.send(randomBytes(RECORD_BYTES));
  }),
  'link pings without end': neighbour(async (link) => {
    while (link.raw.isOpen) {
      link.send(...Array.from({ length: PINGS_PER_RECORD }, () => encodePing(FrameKind.PING, 7)));
      await link.raw.flushed();
      await turn();
    }
  }),
};
