import { withAbort } from '@yakmesh/core/transport';
import { failed } from './failed.js';
import { freshToken, type Fleet } from './fleet.js';
import { lineBeside, type Line } from './line.js';
import { duration } from './text.js';

/** How often the secret is said: enough bytes for noise to differ from everything else. */
const REPETITIONS = 2_000;
/** Noise does not get shorter; frame headers and the padding of records do. The text itself, which repeats, would shrink to a hundredth. */
const NOISE_SHARE_MIN = 0.9;

/** The ends of the line talk privately, while a relay between them keeps all that it can decrypt. */
export async function annex(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const line = await lineBeside(fleet, signal);
  try {
    return await talk(line, signal);
  } finally {
    await line.fleet.kill();
  }
}

async function talk({ first, second: relay, last }: Line, signal: AbortSignal): Promise<string> {
  const [open, secret] = [freshToken(), freshToken()];
  await withAbort(signal, relay.process.call('wiretap', {}));
  // What the mesh signs but does not hide, so that an empty capture would be noticed.
  const shown = first.process.call('send', { to: last.nodeId, token: open, text: 'in the open', ack: true });
  await withAbort(signal, shown);
  const control = await withAbort(signal, relay.process.call('captured', { words: [open] }));
  if (control.found.length !== 1) throw failed('the relay did not see what was sent in the open.');
  await withAbort(signal, last.process.call('answerPrivately', {}));
  const text = `${secret} `.repeat(REPETITIONS);
  const { answer, openedMs } = await withAbort(
    signal,
    first.process.call('talkPrivately', { to: last.nodeId, text }),
  );
  if (answer !== text.toUpperCase()) throw failed('the answer is not what was said, in capitals.');
  const words = [secret, secret.toUpperCase()];
  const caught = await withAbort(signal, relay.process.call('captured', { words }));
  if (caught.found.length > 0) throw failed('the relay has read the secret.');
  if (caught.bytes < 2 * text.length) throw failed(`only ${caught.bytes} bytes went through the relay.`);
  const share = caught.deflatedBytes / caught.bytes;
  if (share < NOISE_SHARE_MIN)
    throw failed(`what the relay has kept shrinks to ${percent(share)}: that is no noise.`);
  const said = `two far nodes opened a private channel in ${duration(openedMs)} and said ${2 * text.length} bytes`;
  return `${said}; in the ${caught.bytes} bytes that a relay decrypted meanwhile no word of it is found, and deflate leaves ${percent(share)} of them: noise`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
