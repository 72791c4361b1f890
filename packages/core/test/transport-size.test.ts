import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('../src/transport/index.ts', import.meta.url));

/** The size that @yakmesh/core/transport promises to packages and browsers. */
const GZIP_BYTES_MAX = 6 * 1_024;

async function bundle() {
  // The neutral platform refuses node: imports, and nothing but @yakmesh/core/transport is there to be imported.
  const { outputFiles, metafile } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
  });
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), inputs: Object.keys(metafile.inputs) };
}

test('the transport kit is at most 6 kB gzipped and consists of nothing but itself', async () => {
  const { code, inputs } = await bundle();
  expect(code.length).toBeGreaterThan(1_000);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(GZIP_BYTES_MAX);
  expect(inputs.filter((path) => !path.includes('src/transport/'))).toEqual([]);
});
