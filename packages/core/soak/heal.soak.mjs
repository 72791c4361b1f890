// A cable between real nodes is out for 2, 10 and 60 s, again and again: whatever was said meanwhile must arrive.
import { heal } from '../test/support-network/heal.mjs';
import { whyNot } from '../test/support-network/namespaces.mjs';

const CUTS_SECONDS = [2, 10, 60];
/** Of the link, not of the cable: how soon it comes back is the redialler's affair. */
const HEALED_MS_MAX = 3_000;

export default {
  name: 'healing after cuts, on real sockets',
  minutes: 5,
  async run({ minutes, log }) {
    const reason = whyNot();
    if (reason !== undefined) throw new Error(`Nothing was tested: ${reason}.`);
    const endMs = performance.now() + 60_000 * minutes;
    do {
      for (const seconds of CUTS_SECONDS) {
        const { said, missing, doubled, disordered, linkMs, healedMs, liveMs } = await heal(seconds);
        log(
          `${seconds} s: ${said} messages missed; link back after ${linkMs} ms, healed ${healedMs} ms later; slowest live message ${liveMs} ms`,
        );
        const faults = [missing, doubled, disordered];
        if (faults.some((count) => count > 0))
          throw new Error(`${missing} are missing, ${doubled} came twice, ${disordered} out of order.`);
        if (healedMs > HEALED_MS_MAX) throw new Error(`It took ${healedMs} ms to heal.`);
      }
    } while (performance.now() < endMs);
  },
};
