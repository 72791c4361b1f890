import { expect, test } from '@jest/globals';
import { Acknowledger } from '../src/session/acknowledger.js';
import { Outbox } from '../src/session/outbox.js';
import { MESSAGE_STREAM, Streams } from '../src/session/streams.js';

const WINDOW = 1_048_576;

/** An outbox whose stream has more to send than one record holds. */
function outboxOfAFullStream(): Outbox {
  const streams = new Streams({
    role: 'responder',
    ownStreamWindow: WINDOW,
    ownSessionWindow: WINDOW,
    peerStreamWindow: WINDOW,
    peerSessionWindow: WINDOW,
    nowMs: 0,
  });
  streams.write(MESSAGE_STREAM, new Uint8Array(100_000), false);
  return new Outbox(new Acknowledger(), streams);
}

const room = { isPatient: false, isControlAllowed: true, nowMs: 0 };

test('a probe fills no larger record than its way takes: an unproven one gets three times what came over it', () => {
  for (const probeBytes of [512, 2_560, 16_384]) {
    const outbox = outboxOfAFullStream();
    outbox.probe();
    const draft = outbox.take({ ...room, dataBytes: 0, probeBytes });
    expect(draft?.isEliciting).toBe(true);
    expect(draft?.bytes.length).toBeLessThanOrEqual(probeBytes);
  }
});

test('a probe goes though the window takes nothing, and data does not', () => {
  const outbox = outboxOfAFullStream();
  expect(outbox.take({ ...room, dataBytes: 0, probeBytes: 16_384 })).toBeUndefined();
  outbox.probe();
  expect(outbox.take({ ...room, dataBytes: 0, probeBytes: 16_384 })?.bytes.length).toBe(16_384);
});
