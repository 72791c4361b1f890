// The simplest store that survives a kill: every batch is appended to a log as length, SHA-256 and operations, and synced. A torn end is left out.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { memoryStore } from '@yakmesh/core/transport';

const HEADER_BYTES = 36;

const digest = (bytes) => createHash('sha256').update(bytes).digest();

/** Opens a log; what it holds is kept in memory too. */
export async function fileStore(path) {
  const memory = memoryStore({ entriesMax: 1_000_000, bytesMax: 1_000_000_000 });
  const end = existsSync(path) ? await replay(readFileSync(path), memory) : 0;
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+');
  ftruncateSync(file, end);
  let at = end;
  const batch = async (operations, { sync = false } = {}) => {
    const body = Buffer.from(
      JSON.stringify(
        operations.map(({ type, key, value }) => [type, key, value && Buffer.from(value).toString('base64')]),
      ),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    at += writeSync(file, Buffer.concat([length, digest(body), body]), 0, undefined, at);
    if (sync) fsyncSync(file);
    await memory.batch(operations);
  };
  return {
    ...memory,
    batch,
    put: (key, value) => batch([{ type: 'put', key, value }]),
    delete: (key) => batch([{ type: 'delete', key }]),
    close: async () => closeSync(file),
  };
}

/** Answers how much of the log is whole. */
async function replay(log, memory) {
  let at = 0;
  while (at + HEADER_BYTES <= log.length) {
    const end = at + HEADER_BYTES + log.readUInt32BE(at);
    const body = log.subarray(at + HEADER_BYTES, end);
    if (end > log.length || !digest(body).equals(log.subarray(at + 4, at + HEADER_BYTES))) break;
    const operations = JSON.parse(body.toString()).map(([type, key, value]) =>
      type === 'put' ? { type, key, value: new Uint8Array(Buffer.from(value, 'base64')) } : { type, key },
    );
    await memory.batch(operations);
    at = end;
  }
  return at;
}
