import { codeOf } from '@yakmesh/core/transport';
import { SafeJsonParser } from '@yakmesh/defense';
import { open } from 'node:fs/promises';

/** Bytes of a configuration file: hundreds of times what one takes. */
const CONFIG_BYTES_MAX = 1_048_576;

/** What a configuration file holds: an object, a sentence that says what is wrong with it, or nothing where there is none. */
export type ConfigFile =
  | { readonly type: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: 'problem'; readonly problem: string }
  | { readonly type: 'missing' };

/** Reads a configuration file: JSON, an object. Never rejects. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    const code = codeOf(error) ?? 'unknown';
    if (code === 'ENOENT') return { type: 'missing' };
    return { type: 'problem', problem: `${path} cannot be read (${code}); see to its owner and mode.` };
  }
  if (bytes.length > CONFIG_BYTES_MAX)
    return {
      type: 'problem',
      problem: `${path} has more than ${CONFIG_BYTES_MAX} bytes: it is no configuration.`,
    };
  const { success, data, error, ...where } = new SafeJsonParser({ maxBytes: CONFIG_BYTES_MAX }).parse(bytes);
  if (!success) {
    const place = 'offset' in where && where.offset !== undefined ? ` at ${lineOf(bytes, where.offset)}` : '';
    return { type: 'problem', problem: `${path} is not JSON that can be used${place}: ${error}` };
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return { type: 'problem', problem: `${path} is to hold one JSON object, as {"wsPort": 9001}.` };
  return { type: 'object', value: data as Readonly<Record<string, unknown>> };
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(CONFIG_BYTES_MAX + 1);
    let length = 0;
    // Piece by piece, for it may be a pipe.
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

function lineOf(bytes: Uint8Array, offset: number): string {
  const before = new TextDecoder().decode(bytes).slice(0, offset);
  const lines = before.split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
