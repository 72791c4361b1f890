import { encodeBatchHead, ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from '@yakmesh/crypto';
import { KEYS_WANTED_MAX } from '../../../link/link-limits.js';
import { encodeFrame, FrameKind } from '../../../record/frames.js';
import { systemRandom } from '../../../transport/index.js';
import type { Attack } from '../attack.js';
import { heldBytes } from '../resources-node.js';

/** Both floods of keys are larger. */
const GROWTH_BYTES = 8 * 1_048_576;

/** A HEAD of a node that nobody knows, under no signature. */
function unknownHead(slot: number, network: Uint8Array): Uint8Array {
  const headBytes = encodeBatchHead({
    depth: 0,
    count: 1,
    signer: systemRandom.bytes(32),
    timeMs: Date.now(),
    batchId: systemRandom.bytes(32),
    root: systemRandom.bytes(32),
  });
  const body = new Uint8Array(11 + headBytes.length + ML_DSA_65_SIGNATURE_BYTES);
  body.set([slot >> 8, slot & 255, 0]);
  body.set(network.subarray(0, 8), 3);
  body.set(headBytes, 11);
  return encodeFrame(FrameKind.HEAD, body);
}

/** Proven neighbours that ask for keys without end, or bring them. */
export const keyAttacks: readonly Attack[] = [
  {
    trap: 'M1',
    title: 'heads of unknown signers ask for eight keys, hold their credit, and beyond it end the link',
    run: async (world, expect) => {
      const link = await world.link();
      for (let slot = 0; slot < 70; slot += 1) link.send(unknownHead(slot, world.network));
      await world.until('keys are asked for', () => link.count(FrameKind.NEED_KEY) >= KEYS_WANTED_MAX);
      await world.pass(100);
      expect(link.count(FrameKind.NEED_KEY)).toBe(KEYS_WANTED_MAX);
      for (let slot = 70; slot < 90; slot += 1) link.send(unknownHead(slot, world.network));
      expect(await world.endOf(link)).toBe('LINK_CREDIT');
    },
  },
  {
    trap: 'M4',
    title: 'keys without end fill no memory, and push out none that is in use',
    run: async (world, expect) => {
      const heard = world.heard();
      const link = await world.link();
      const before = heldBytes();
      for (let sent = 0; sent < 6_000 && link.raw.isOpen; sent += 20) {
        const keys = Array.from({ length: 20 }, () =>
          encodeFrame(FrameKind.KEY, systemRandom.bytes(ML_DSA_65_PUBLIC_KEY_BYTES)),
        );
        link.send(...keys);
        await link.raw.flushed();
      }
      const batch = await world.batch(link, [{}]);
      link.send(batch.key, batch.head(), batch.block());
      await world.until('its message', () => heard.length === 1);
      expect(heldBytes() - before).toBeLessThanOrEqual(GROWTH_BYTES);
    },
  },
  {
    trap: 'M6',
    title: 'keys asked for without end by a neighbour that reads none are answered to a bound',
    run: async (world, expect) => {
      const link = await world.link(undefined, { isSilent: true });
      const ask = encodeFrame(FrameKind.NEED_KEY, (await world.party('victim')).self.nodeIdBytes);
      link.raw.pause();
      const before = heldBytes();
      for (let record = 0; record < 40 && link.raw.isOpen; record += 1) {
        link.send(...Array.from({ length: 500 }, () => ask));
        await link.raw.flushed();
      }
      // Each of 20,000 answers has 2 KB.
      expect(heldBytes() - before).toBeLessThanOrEqual(GROWTH_BYTES);
      const other = await world.link();
      other.send(encodeFrame(FrameKind.NEED_KEY, new Uint8Array(31)));
      expect(await world.endOf(other)).toBe('LINK_BAD_FRAME');
    },
  },
];
