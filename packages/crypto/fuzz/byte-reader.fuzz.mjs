// The input is both the bytes to read and, from its end, the list of reads: none may throw or go past the end.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { ByteReader, bytesToUtf8 } from '../dist/index.js';

const NAMES = ['u8', 'u16', 'u24', 'u32', 'u48', 'u64', 'rest'];

export default target({
  name: 'byte reader',
  covers: ['ByteReader'],
  samples: () => [Uint8Array.from({ length: 64 }, (_, i) => i * 7)],
  check: (bytes) => {
    const reader = new ByteReader(bytes);
    let taken = 0;
    for (const code of bytes.slice().reverse()) {
      const before = reader.remaining;
      if (code < 128) reader[NAMES[code % NAMES.length]]();
      else must(reader.bytes(code - 128).length <= before, 'a view is no longer than what remained');
      if (reader.failed) break;
      taken += before - reader.remaining;
    }
    must(taken <= bytes.length, 'no more is read than there is');
    must(
      !reader.failed || (reader.u32() === 0 && reader.remaining === 0 && !reader.end()),
      'a failure stays',
    );
    const text = bytesToUtf8(bytes);
    must(text === undefined || typeof text === 'string', 'text or nothing');
  },
});
