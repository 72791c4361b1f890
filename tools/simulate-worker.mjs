// One process of `npm run simulate`: tells the stories that it is sent, one after the other.
import { load } from './scripts-found.mjs';

// Whoever asked is gone.
process.on('disconnect', () => process.exit());

process.on('message', async ({ file, seed }) => {
  const before = process.cpuUsage();
  const cpuMs = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  try {
    const { run } = await load(file);
    const told = await run({ seed });
    process.send({ ...told, cpuMs: cpuMs() });
  } catch (error) {
    process.send({ failure: String(error?.stack ?? error), cpuMs: cpuMs() });
  }
});
