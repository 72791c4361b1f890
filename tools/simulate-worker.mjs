// One process of `npm run simulate`: tells the stories that it is sent, one after the other.
import { load } from './scripts-found.mjs';

// Whoever asked is gone.
process.on('disconnect', () => process.exit());

process.on('message', async ({ file, seed }) => {
  const startMs = performance.now();
  try {
    const { run } = await load(file);
    const told = await run({ seed });
    process.send({ ...told, tookMs: performance.now() - startMs });
  } catch (error) {
    process.send({ failure: String(error?.stack ?? error), tookMs: performance.now() - startMs });
  }
});
