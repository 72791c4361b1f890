import { beforeAll, expect, test } from '@jest/globals';
import { encodeProtocolFrame } from '../src/link/flow-frames.js';
import { FRAME_HEADER_BYTES, TAG_BYTES } from '../src/record/frames.js';
import { establishedPair, frameItem, START_MS } from './support/link-pair.js';
import { party, type Party } from './support/parties.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

test('a frame that asks to be alone gets a record of exactly its own length, between records that hold the others', async () => {
  const pair = await establishedPair(a, b);
  const { machine } = pair.initiator;
  const small = encodeProtocolFrame('nakpak/1', new Uint8Array(10));
  const cell = encodeProtocolFrame('nakpak/1', new Uint8Array(2_048));
  machine.queue.push(frameItem(small));
  machine.queue.push({ type: 'frame', frame: cell, bytes: cell.length, priority: 0, isAlone: true });
  machine.queue.push(frameItem(small));
  const lengths: number[] = [];
  for (let wire = machine.nextRecord(START_MS); wire !== undefined; wire = machine.nextRecord(START_MS)) {
    lengths.push(wire.length);
  }
  expect(lengths).toEqual([256 + TAG_BYTES, cell.length + TAG_BYTES, 256 + TAG_BYTES]);
  expect(cell.length).toBe(FRAME_HEADER_BYTES + 1 + 'nakpak/1'.length + 2_048);
});
