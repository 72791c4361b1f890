import { codeOf, combineSignals } from '@yakmesh/core/transport';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { freshToken, type Fleet, type Member } from './fleet.js';
import { duration, shortId, shown } from './text.js';

/** A line that has not reached everybody by then is said to be missing, and the chat goes on. */
const LINE_MS_MAX = 5_000;
const HELP =
  'Type a line and node 1 tells it to all; "2: text" lets node 2 speak; /quit, Ctrl-D or Ctrl-C ends.';

/** Where a person's lines come from, and where the nodes show them. */
export interface ChatStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Both are a terminal: lines are edited and a prompt is shown. */
  readonly isTerminal: boolean;
}

/** Lets a person speak through the nodes, until `/quit`, the end of the input, or the signal. */
export async function chat(fleet: Fleet, streams: ChatStreams, signal: AbortSignal): Promise<void> {
  const { input, output, isTerminal } = streams;
  const write = (line: string): void => void output.write(`${line}\n`);
  write(`\n${HELP}`);
  const ending = new AbortController();
  const lines = createInterface({
    input,
    terminal: isTerminal,
    prompt: '> ',
    ...(isTerminal ? { output } : {}),
  });
  const end = (): void => {
    ending.abort();
    lines.close();
  };
  lines.on('SIGINT', end); // A terminal in raw mode makes no signal of Ctrl-C.
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) return;
    if (isTerminal) lines.prompt();
    for await (const line of lines) {
      if (ending.signal.aborted || line.trim() === '/quit') return;
      if (line.trim() !== '') await say(fleet, line, ending.signal, write);
      if (isTerminal && !ending.signal.aborted) lines.prompt();
    }
  } finally {
    signal.removeEventListener('abort', end);
    lines.close();
    if (isTerminal) write(''); // The cursor stands behind the prompt.
    input.destroy(); // A pipe whose writer lives on would keep this process alive.
  }
}

/** One line, from the node that speaks to all others. */
async function say(
  fleet: Fleet,
  line: string,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<void> {
  if (line.startsWith('/')) return write(HELP);
  const [, number = '1', text = ''] = /^(?:(\d{1,3}):)?(.*)$/su.exec(line) ?? [];
  const speaker = fleet.members.find((member) => member.number === Number(number));
  if (speaker === undefined) return write(`There is no node ${number}; there are nodes 1 to ${fleet.size}.`);
  await tell(fleet, speaker, text.trim(), signal, write);
}

async function tell(
  fleet: Fleet,
  speaker: Member,
  text: string,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<void> {
  const { deliveries, members } = fleet;
  const token = freshToken();
  const limit = combineSignals(signal, LINE_MS_MAX);
  deliveries.expect(token);
  write(`  node ${speaker.number}  ${shortId(speaker.nodeId)}  tells all: ${shown(text)}`);
  try {
    await speaker.process.call('broadcast', { token, text });
    await deliveries.whenDelivered([token], members.length - 1, limit.signal).catch(() => undefined);
    for (const { number } of members.filter((member) => member !== speaker)) {
      const delivery = deliveries.of(token).find(({ node }) => node === number);
      if (delivery === undefined) write(`  node ${number}  has not received it.`);
      else {
        const from = `from ${shortId(delivery.from)} after ${duration(delivery.ms)}`;
        write(`  node ${number}  hears ${from}: ${shown(delivery.text)}`);
      }
    }
  } catch (error) {
    write(`  ${codeOf(error) ?? 'UNEXPECTED'}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    limit.dispose();
    deliveries.forget(token);
  }
}
