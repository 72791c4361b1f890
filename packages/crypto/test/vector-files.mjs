// Reads the vector files; only Node has this half.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Parses one vector file by its name without the ending. */
export function loadVectors(name) {
  return JSON.parse(
    gunzipSync(readFileSync(new URL(`vectors/${name}.json.gz`, import.meta.url))).toString('utf8'),
  );
}
