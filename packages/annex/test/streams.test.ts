import { expect, test } from '@jest/globals';
import { ByteWriter } from '@yakmesh/crypto';
import { CONTENT_BYTES_MAX } from '../src/record/padding.js';
import { Streams, type StreamsOptions } from '../src/session/streams.js';

const WIDE: StreamsOptions = {
  role: 'initiator',
  ownStreamWindow: 1e6,
  ownSessionWindow: 1e6,
  peerStreamWindow: 1e6,
  peerSessionWindow: 1e6,
  nowMs: 0,
};

/** Streams with these ids and so many bytes written to each. */
function written(options: Partial<StreamsOptions>, bytes: number, count: number): [Streams, number[]] {
  const streams = new Streams({ ...WIDE, ...options });
  const ids = Array.from({ length: count }, () => streams.open(0) ?? -1);
  for (const id of ids) streams.write(id, new Uint8Array(bytes), false);
  return [streams, ids];
}

/** What the next record carries of streams. */
const taken = (streams: Streams): ReturnType<Streams['take']> =>
  streams.take(CONTENT_BYTES_MAX, new ByteWriter());

/** Of which stream each of the next records carries bytes. */
const served = (streams: Streams, records: number): number[] =>
  Array.from({ length: records }, () => taken(streams))
    .flat()
    .map(({ id }) => id);

test('streams that have more than fits fill records by turns', () => {
  const [streams, [a, b, c]] = written({}, 60_000, 3);
  expect(served(streams, 7)).toEqual([a, b, c, a, b, c, a]);
});

test('a stream that the other end has no room for keeps its turn and holds nobody up', () => {
  const [streams, [a, b]] = written({ peerStreamWindow: 20_000 }, 30_000, 2);
  expect(served(streams, 3)).toEqual([a, b, a, b]);
  expect(streams.hasSomething).toBe(false);
  streams.windowReceived(a ?? -1, 30_000);
  expect(taken(streams).map(({ id, length }) => [id, length])).toEqual([[a, 10_000]]);
});

test('what was lost of a stream that had nothing more to send goes again', () => {
  const [streams, [a = -1]] = written({}, 100, 1);
  const [frame] = taken(streams);
  expect([frame?.length, streams.hasSomething]).toEqual([100, false]);
  streams.lost({ type: 'stream', id: a, offset: 0, length: 100, isEnd: false });
  expect(streams.hasSomething).toBe(true);
  expect(taken(streams).map(({ offset, length }) => [offset, length])).toEqual([[0, 100]]);
});

test('one acknowledgement tells each stream once how far it has come', () => {
  const [streams, ids] = written({}, 40_000, 2);
  const sent = Array.from({ length: 5 }, () => taken(streams)).flat();
  const events = streams.arrived(sent.sort((x, y) => x.id - y.id));
  expect(events).toEqual(ids.map((id) => ({ type: 'arrived', id, offset: 40_000, isDone: false })));
});
