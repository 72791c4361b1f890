import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export interface Bundle {
  readonly code: string;
  /** Every file that came along. */
  readonly inputs: readonly string[];
}

/** Bundles as an application would, from the sources: platform "browser" makes every import of a Node module an error. */
export async function bundleForBrowser(source: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: FOLDER, sourcefile: 'entry.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@yakmesh/source', 'browser'],
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { code: outputFiles.map(({ text }) => text).join('\n'), inputs: Object.keys(metafile.inputs) };
}
