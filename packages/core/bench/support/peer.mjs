// One process of a benchmark: does what it is told over IPC and answers with one message for each command.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { commands } from './commands.mjs';

const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();

const own = {
  /** Event-loop delay since the last call, in milliseconds; CPU since the start, in seconds. */
  meters() {
    const p99Ms = Math.max(0, delays.percentile(99) / 1e6 - 1);
    delays.reset();
    const { user, system } = process.cpuUsage();
    return { p99Ms, cpuSeconds: (user + system) / 1e6 };
  },
};

process.on('message', ({ id, type, ...values }) => {
  const command = own[type] ?? commands[type];
  Promise.resolve()
    .then(() => command(values))
    .then(
      (answer) => process.send({ ...answer, id }),
      (error) => process.send({ error: `${type}: ${error.stack}`, id }),
    );
});
process.on('disconnect', () => process.exit(0));
