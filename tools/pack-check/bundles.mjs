// Bundles the installed tarballs for a browser and reads the list of what came along.
import { gzipSync } from 'node:zlib';
import { build as bundle } from 'esbuild';
import { modulesOf } from './imports.mjs';

/** The packages that browsers load; node is for Node alone. */
const BROWSER_PACKAGES = ['@yakmesh/crypto', '@yakmesh/core', '@yakmesh/defense'];
/** No test code and nothing that only Node has: a file of these comes along only by mistake. */
const UNWANTED = [/\/testing\//, /@jest\//, /fast-check/, /\.test\./, /-node\.js$/, /\/ws\/(?!browser\.js)/];

export async function checkBundles(tarballs, project, checks) {
  const loaded = tarballs.filter(({ manifest }) => BROWSER_PACKAGES.includes(manifest.name));
  const modules = loaded.flatMap(modulesOf).filter((name) => !/\/testing(\/|$)/.test(name));
  for (const name of modules) {
    await checks.run(`${name} bundles for a browser without node: and test code`, async () => {
      // Platform "browser" makes every import of a Node module an error of the bundle.
      const { metafile, outputFiles } = await bundle({
        stdin: { contents: `export * from '${name}'`, resolveDir: project },
        bundle: true,
        platform: 'browser',
        conditions: ['browser'],
        format: 'esm',
        minify: true,
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      const inputs = Object.keys(metafile.inputs);
      const unwanted = inputs.filter((input) => UNWANTED.some((pattern) => pattern.test(input)));
      if (unwanted.length > 0) throw new Error(`The bundle holds ${unwanted.join(', ')}.`);
      const externals = Object.values(metafile.inputs).flatMap(({ imports }) =>
        imports.filter(({ external }) => external),
      );
      if (externals.length > 0)
        throw new Error(`The bundle leaves ${externals.map(({ path }) => path).join(', ')}.`);
      const bytes = outputFiles[0].contents;
      const kilobytes = (length) => `${(length / 1_000).toFixed(1)} kB`;
      return `${inputs.length} files, ${kilobytes(bytes.length)}, gzipped ${kilobytes(gzipSync(bytes).length)}`;
    });
  }
}
