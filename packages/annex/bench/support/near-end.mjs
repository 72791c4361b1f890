// The near end of the benchmark: opens channels and sockets to the far end, and measures.
import { once } from 'node:events';
import { MeshNetwork } from '@yakmesh/core';
import { Identity } from '@yakmesh/crypto';
import { AnnexChannel } from '@yakmesh/annex';
import { WebSocket } from 'ws';
import { RecordOpener } from '../../dist/record/opener.js';
import { RecordSealer } from '../../dist/record/sealer.js';
import { pump } from './pump.mjs';

const BULK_BYTES = 256 * 1_048_576;
const MESSAGES = 5_000;
const RECORDS = 2_000;

const seconds = async (work) => {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1_000;
};

export async function nearEnd(far) {
  const identity = await Identity.generate();
  const mesh = new MeshNetwork(identity, { wsPort: 0 });
  await mesh.start();
  await mesh.connect(far.mesh);
  const open = () => new AnnexChannel(identity, far.nodeId).establish(mesh);
  const socket = new WebSocket(far.wss, { rejectUnauthorized: false, perMessageDeflate: false });
  await once(socket, 'open');
  let channel = await open();
  const megabytes = (took) => BULK_BYTES / 1e6 / took;
  const wssSend = (data) => new Promise((resolve) => socket.send(data, resolve));

  return {
    /** Milliseconds from the call to the session. */
    establish: async () => {
      await channel.close();
      return 1_000 * (await seconds(async () => (channel = await open())));
    },
    annexUp: async () =>
      megabytes(
        await seconds(async () => {
          const writer = channel.openStream().writable.getWriter();
          await pump(BULK_BYTES, (chunk) => writer.write(chunk));
          await writer.close();
        }),
      ),
    wssUp: async () =>
      megabytes(
        await seconds(async () => {
          const done = once(socket, 'message');
          await wssSend(JSON.stringify({ up: BULK_BYTES }));
          await pump(BULK_BYTES, wssSend);
          await done;
        }),
      ),
    annexDown: async () =>
      megabytes(
        await seconds(async () => {
          const opened = new Promise((resolve) => channel.once('stream', resolve));
          await channel.send({ down: BULK_BYTES });
          const { readable } = await opened;
          for await (const _ of readable);
        }),
      ),
    wssDown: async () =>
      megabytes(
        await seconds(
          () =>
            new Promise((resolve) => {
              let received = 0;
              const take = (data) => {
                received += data.length;
                if (received < BULK_BYTES) return;
                socket.off('message', take);
                resolve();
              };
              socket.on('message', take);
              socket.send(JSON.stringify({ down: BULK_BYTES }));
            }),
        ),
      ),
    messages: async () => {
      const text = 'x'.repeat(100);
      const took = await seconds(() =>
        Promise.all(Array.from({ length: MESSAGES }, () => channel.send(text))),
      );
      return MESSAGES / took;
    },
    ratchet: async () => {
      const turned = new Promise((resolve) => channel.once('ratchet', resolve));
      return 1_000 * (await seconds(() => (channel.ratchet(), turned)));
    },
    /** Microseconds for a record with so many bytes of content, at both ends together. */
    record: async (contentBytes) => {
      const root = new Uint8Array(64).fill(1);
      const peerSession = new Uint8Array(16);
      const sealer = new RecordSealer({ role: 'initiator', root, peerSession, nowMs: 0 });
      const opener = new RecordOpener({ role: 'responder', root, ownSession: peerSession });
      const content = new Uint8Array(contentBytes).fill(2);
      const took = await seconds(async () => {
        for (let count = 0; count < RECORDS; count++) {
          const { bytes, epoch, sequence } = sealer.seal(content, 0);
          sealer.acknowledged(epoch, sequence);
          opener.open(bytes, 0);
        }
      });
      return (1e6 * took) / RECORDS;
    },
    stop: async () => {
      socket.close();
      await channel.close();
      await mesh.stop();
    },
  };
}
