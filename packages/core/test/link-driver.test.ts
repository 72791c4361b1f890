import { beforeAll, expect, test } from '@jest/globals';
import { encodeFlow } from '../src/link/flow-frames.js';
import type { LinkMachine } from '../src/link/link-machine.js';
import { LinkDriver } from '../src/mesh/link-driver.js';
import type { Socket } from '../src/sockets/socket.js';
import { systemClock } from '../src/transport/index.js';
import { establishedPair } from './support/link-pair.js';
import { party, type Party } from './support/parties.js';

const BODY_BYTES = 65_024;

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

/** A socket that holds back what a test says. */
class TestSocket implements Socket {
  readonly remoteAddress = '';
  readonly lengths: number[] = [];
  bufferedBytes = 0;

  send({ length }: Uint8Array): void {
    this.lengths.push(length);
  }

  close(): void {
    this.bufferedBytes = 0;
  }

  terminate(): void {
    this.close();
  }

  pause(): void {
    throw new Error('nobody pauses it');
  }

  resume(): void {
    throw new Error('nobody paused it');
  }
}

function driverOf(link: LinkMachine, socket: Socket, nowMs: number): LinkDriver {
  const nothing = (): void => undefined;
  return new LinkDriver({
    link,
    socket,
    clock: systemClock,
    runningMs: () => nowMs,
    jobs: () => new Promise(nothing),
    listener: { established: nothing, closed: nothing, action: nothing, drained: nothing },
  });
}

test('several attachments follow a record only where the line took at once what it was given before', async () => {
  const pair = await establishedPair(a, b, { creditBytes: 4_194_304 });
  const socket = new TestSocket();
  const driver = driverOf(pair.initiator.machine, socket, pair.nowMs);
  const send = (count: number): number[] => {
    const frame = encodeFlow({
      label: new Uint8Array(8),
      isCongested: false,
      body: new Uint8Array(BODY_BYTES),
    });
    for (let index = 0; index < count; index += 1)
      driver.link.queue.push({ type: 'frame', frame, bytes: frame.length, priority: 0, sealedFrom: 28 });
    socket.lengths.length = 0;
    driver.pump();
    return [...socket.lengths];
  };
  // Nothing is known of the line yet.
  expect(send(2)).toEqual([272, BODY_BYTES, 272, BODY_BYTES]);
  expect(send(5)).toEqual([272, BODY_BYTES, BODY_BYTES, BODY_BYTES, BODY_BYTES, 272, BODY_BYTES]);
  socket.bufferedBytes = 1;
  expect(send(2)).toEqual([272, BODY_BYTES, BODY_BYTES]);
  expect(send(2)).toEqual([272, BODY_BYTES, 272, BODY_BYTES]);
  socket.bufferedBytes = 0;
  expect(send(2)).toEqual([272, BODY_BYTES, 272, BODY_BYTES]);
  expect(send(2)).toEqual([272, BODY_BYTES, BODY_BYTES]);
  driver.stop();
});
