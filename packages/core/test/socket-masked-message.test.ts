import { expect, test } from '@jest/globals';
import { MASKED_IN_PLACE_BYTES_MIN } from '../src/sockets/ws-masked-message.js';
import { wsPair } from './support/ws-pair.js';

const LENGTHS = [1, MASKED_IN_PLACE_BYTES_MIN, 200, 65_536, MASKED_IN_PLACE_BYTES_MIN - 1, 65_535];

const patterned = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);

test.each(['dialled', 'accepted'] as const)(
  'messages of all lengths that a %s socket may write over arrive whole and in order, and each is released once',
  async (side) => {
    const pair = await wsPair(LENGTHS.length);
    const released: number[] = [];
    for (const length of LENGTHS) pair[side].send(patterned(length), ({ length }) => released.push(length));
    const heard = await pair.heard;
    expect(heard.map((bytes) => Buffer.compare(bytes, patterned(bytes.length)))).toEqual(
      LENGTHS.map(() => 0),
    );
    expect(heard.map(({ length }) => length)).toEqual(LENGTHS);
    expect(released).toEqual(LENGTHS);
    await pair.stop();
  },
);

test('a dialled socket masks a long message where it lies, if that is given away, and no other', async () => {
  const pair = await wsPair(LENGTHS.length);
  const given = LENGTHS.map(patterned);
  for (const [index, bytes] of given.entries())
    if (index < LENGTHS.length - 1) pair.dialled.send(bytes, () => undefined);
    else pair.dialled.send(bytes);
  await pair.heard;
  const kept = given.map((bytes) => Buffer.compare(bytes, patterned(bytes.length)) === 0);
  expect(kept).toEqual([true, false, true, false, true, true]);
  await pair.stop();
});
