import { equalBytes } from '@yakmesh/crypto';
import type { Payload } from '@yakmesh/core/transport';
import { expect, test } from '@jest/globals';
import { AnnexChannel, AnnexListener, type AnnexError } from '../src/index.js';
import { BULK_RECORD_BYTES } from '../src/record/padding.js';
import { failure, line, openPair } from './support/meshes.js';

test('objects, strings and bytes arrive in order, both ways, at listeners and in for await', async () => {
  const { mesh, channel, accepted } = await openPair();
  const heard: Payload[] = [];
  accepted.on('message', (value) => heard.push(value));
  await mesh.run(
    Promise.all([channel.send({ secret: 'data' }), channel.send('text'), channel.send(Uint8Array.of(1, 2))]),
  );
  expect(heard).toEqual([{ secret: 'data' }, 'text', Uint8Array.of(1, 2)]);
  await mesh.run(accepted.send({ answer: 42 }));
  await mesh.run(accepted.close());
  const back: Payload[] = [];
  await mesh.run(
    (async () => {
      for await (const value of channel) back.push(value);
    })(),
  );
  expect(back).toEqual([{ answer: 42 }]);
  await mesh.stop();
});

test('both ends name the session alike and know each other', async () => {
  const { mesh, alice, bob, channel, accepted } = await openPair();
  expect(channel.id).toMatch(/^[0-9a-f]{32}$/);
  expect(accepted.id).toBe(channel.id);
  expect([accepted.peerId, channel.peerId]).toEqual([alice.identity.nodeId, bob.identity.nodeId]);
  await mesh.stop();
});

test('a message of a megabyte crosses whole, and one above the limit is ANNEX_TOO_LARGE', async () => {
  const { mesh, channel, accepted } = await openPair({ channel: { messageBytesMax: 1_048_576 } });
  const bytes = Uint8Array.from({ length: 1_048_576 }, (_, at) => at * 7);
  let got: Payload | undefined;
  accepted.on('message', (value) => (got = value));
  await mesh.run(channel.send(bytes));
  expect(got instanceof Uint8Array && equalBytes(got, bytes)).toBe(true);
  expect(await failure(mesh, channel.send(new Uint8Array(1_048_577)))).toBe('ANNEX_TOO_LARGE');
  await mesh.stop();
});

test('bulk between neighbours is sealed once: what somebody changes on the line is refused by the channel’s end, and sent again', async () => {
  const { mesh, alice, bob, channel, accepted } = await openPair();
  const bytes = Uint8Array.from({ length: 1_048_576 }, (_, at) => at * 5);
  let [attachments, changed] = [0, 0];
  mesh.network.tamper(({ bytes: message }) => {
    if (message.length !== BULK_RECORD_BYTES) return [message];
    attachments += 1;
    if (attachments % 5 !== 0) return [message];
    changed += 1;
    return [Uint8Array.from(message, (byte, at) => (at === 9_000 ? byte ^ 1 : byte))];
  });
  let got: Payload | undefined;
  accepted.on('message', (value) => (got = value));
  await mesh.run(channel.send(bytes));
  expect(got instanceof Uint8Array && equalBytes(got, bytes)).toBe(true);
  expect(changed).toBeGreaterThan(2);
  expect(bob.listener?.counters.PEER_RECORD_DECRYPT).toBe(changed);
  expect([alice, bob].map(({ network }) => network.getPeers().length)).toEqual([1, 1]);
  await mesh.stop();
});

test('a stream carries bulk bytes with backpressure, and its end', async () => {
  const { mesh, channel, accepted } = await openPair();
  const total = 6 * 1_048_576;
  const stream = channel.openStream();
  let received = 0;
  let isWhole = false;
  accepted.on('stream', ({ readable }) => {
    void (async () => {
      for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) {
        if (!chunk.every((byte, at) => byte === ((received + at) & 0xff))) throw new Error('wrong bytes');
        received += chunk.length;
      }
      isWhole = true;
    })();
  });
  const writer = stream.writable.getWriter();
  await mesh.run(
    (async () => {
      for (let at = 0; at < total; at += 65_536)
        await writer.write(Uint8Array.from({ length: 65_536 }, (_, index) => at + index));
      await writer.close();
    })(),
  );
  await mesh.advance(100);
  expect([received, isWhole]).toEqual([total, true]);
  await mesh.stop();
});

test('a reader that does not read stops its writer', async () => {
  const { mesh, channel, accepted } = await openPair();
  accepted.on('stream', () => undefined);
  const writer = channel.openStream().writable.getWriter();
  let written = 0;
  void (async () => {
    for (;;) {
      await writer.write(new Uint8Array(65_536));
      written += 65_536;
    }
  })().catch(() => undefined);
  await mesh.advance(5_000);
  const before = written;
  await mesh.advance(5_000);
  expect([written, before < 8_388_608]).toEqual([before, true]);
  await mesh.stop();
});

test('datagrams arrive, and are refused beyond 15,000 bytes', async () => {
  const { mesh, channel, accepted } = await openPair();
  const heard: number[] = [];
  accepted.on('datagram', (bytes) => heard.push(bytes.length));
  expect([channel.sendDatagram(new Uint8Array(15_000)), channel.sendDatagram(new Uint8Array(3))]).toEqual([
    true,
    true,
  ]);
  await mesh.advance(100);
  expect(heard.sort((a, b) => a - b)).toEqual([3, 15_000]);
  expect(() => channel.sendDatagram(new Uint8Array(15_001))).toThrow(RangeError);
  await mesh.stop();
});

test('the keys are replaced on request, by either end, and messages go on', async () => {
  const { mesh, channel, accepted } = await openPair();
  const epochs: number[] = [];
  accepted.on('ratchet', (epoch) => epochs.push(epoch));
  const heard: Payload[] = [];
  accepted.on('message', (value) => heard.push(value));
  for (const end of [channel, accepted, channel]) {
    end.ratchet();
    await mesh.run(channel.send(epochs.length));
    await mesh.advance(2_000);
  }
  await mesh.run(channel.send('after'));
  expect([epochs, heard, channel.epoch]).toEqual([[1, 2, 3], [0, 1, 2, 'after'], 3]);
  await mesh.stop();
});

test('the keys are replaced by themselves within eleven minutes', async () => {
  const { mesh, channel, accepted } = await openPair({ channel: { keepAliveMs: 60_000 } });
  await mesh.advance(660_000);
  expect([channel.epoch, accepted.epoch, channel.isOpen]).toEqual([1, 1, true]);
  await mesh.stop();
});

test('an access rule lets in or not, and one that fails does not', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob')];
  const asked: string[] = [];
  const answers = [false, true];
  bob.listen({
    access: (peerId) => {
      asked.push(peerId);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('on purpose');
      return answer;
    },
  });
  expect(await failure(mesh, alice.channelTo(bob).establish(alice.network))).toBe('ANNEX_DENIED');
  const second = alice.channelTo(bob);
  await mesh.run(second.establish(alice.network));
  await mesh.run(second.close());
  expect(await failure(mesh, alice.channelTo(bob).establish(alice.network))).toBe('ANNEX_DENIED');
  expect(asked).toEqual([alice.identity.nodeId, alice.identity.nodeId, alice.identity.nodeId]);
  await mesh.stop();
});

test('an anonymous caller is let in only where that is allowed, and shows no id', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const call = () => alice.channelTo(bob, { anonymous: true }).establish(alice.network);
  expect(await failure(mesh, call())).toBe('ANNEX_DENIED');
  bob.listener?.close();
  bob.listen({ allowAnonymous: true });
  const channel = await mesh.run(call());
  const accepted = await bob.taken();
  expect(accepted.peerId).toBeNull();
  channel.ratchet();
  await mesh.run(channel.send('hello'));
  await mesh.advance(2_000);
  expect([channel.epoch, accepted.epoch]).toEqual([1, 1]);
  await mesh.stop();
});

test('nobody listening is a refusal within ten seconds, and a stranger is unreachable', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob')];
  expect(await failure(mesh, alice.channelTo(bob).establish(alice.network))).toBe('ANNEX_TIMEOUT');
  const stranger = await mesh.identity('nobody');
  const channel = new AnnexChannel(alice.identity, stranger.nodeId);
  expect(await failure(mesh, channel.establish(alice.network))).toBe('ANNEX_UNREACHABLE');
  await mesh.stop();
});

test('establish gives up with its signal', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const signal = AbortSignal.abort(new Error('enough'));
  const [alice, bob] = [node('alice'), node('bob').listen()];
  await expect(alice.channelTo(bob).establish(alice.network, { signal })).rejects.toThrow('enough');
  await mesh.stop();
});

test('mistakes are named: no id, another identity, an unknown option, no session, two listeners', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  expect(() => new AnnexChannel(alice.identity, 'yak1nobody' as never)).toThrow(TypeError);
  expect(() => alice.channelTo(bob, { idleMS: 5 } as never)).toThrow('no option "idleMS"');
  expect(() => alice.channelTo(bob, { idleMs: 5 })).toThrow(RangeError);
  expect(() => new AnnexListener(alice.identity, bob.network)).toThrow(TypeError);
  expect(() => new AnnexListener(bob.identity, bob.network)).toThrow('listener already');
  await expect(alice.channelTo(bob).send('x')).rejects.toMatchObject({ code: 'ANNEX_STATE' });
  await expect(alice.channelTo(bob).establish(bob.network)).rejects.toThrow(TypeError);
  await mesh.stop();
});

test('an orderly close lets everything arrive first and is no error', async () => {
  const { mesh, channel, accepted } = await openPair();
  const heard: Payload[] = [];
  const closes: (AnnexError | undefined)[] = [];
  accepted.on('message', (value) => heard.push(value));
  accepted.on('close', (error) => closes.push(error));
  for (let count = 0; count < 100; count += 1) void channel.send({ count, text: 'x'.repeat(1_000) });
  await mesh.run(channel.close());
  await mesh.advance(100);
  expect([heard.length, closes]).toEqual([100, [undefined]]);
  expect(await failure(mesh, accepted.send('late'))).toBe('ANNEX_CLOSED');
  await mesh.run(channel.close());
  await mesh.stop();
});

test('acceptance 15: an end that nobody announced is ANNEX_TRUNCATED for whoever reads, never an end', async () => {
  const { mesh, channel, accepted } = await openPair();
  let ending: unknown = 'nothing';
  accepted.on('stream', ({ readable }) => {
    void (async () => {
      for await (const _ of readable as unknown as AsyncIterable<Uint8Array>);
      ending = 'end';
    })().catch((error: AnnexError) => (ending = error.code));
  });
  const writer = channel.openStream().writable.getWriter();
  await mesh.run(writer.write(new Uint8Array(1_000)));
  await mesh.advance(50);
  writer.closed.catch(() => undefined);
  // The tail is lost: alice's process dies.
  mesh.kill('alice');
  await mesh.advance(400_000);
  expect(ending).toBe('ANNEX_TRUNCATED');
  const messages = (async () => {
    for await (const _ of accepted);
  })();
  expect(['ANNEX_TIMEOUT', 'ANNEX_IDLE', 'ANNEX_UNREACHABLE']).toContain(await failure(mesh, messages));
  await mesh.stop();
});

test('a mesh that stops tells its channels, and leaves no timer', async () => {
  const { mesh, channel, accepted } = await openPair();
  const closes: unknown[] = [];
  channel.on('close', (error) => closes.push(error?.code));
  accepted.on('close', (error) => closes.push(error?.code));
  await mesh.stop();
  expect(closes).toEqual(['ANNEX_TRUNCATED', 'ANNEX_TRUNCATED']);
  expect(mesh.clock.pendingTimers).toBe(0);
});
