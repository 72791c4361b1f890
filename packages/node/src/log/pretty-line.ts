import { shown } from '../demo/text.js';

/** Columns of the level. */
const LEVEL_LENGTH = 5;
/** `20:42:11.304` within an ISO time. */
const TIME_START = 11;
const TIME_END = 23;

/** A line of the log as people like it: time, level, sentence, fields. What others wrote cannot repaint the terminal. */
export function prettyLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const clock = typeof time === 'string' ? time.slice(TIME_START, TIME_END) : '';
  const name = typeof level === 'string' ? level.padEnd(LEVEL_LENGTH) : '';
  const words = Object.entries(fields).map(([key, value]) => `${shown(key)}=${fieldText(value)}`);
  return `${[clock, name, typeof msg === 'string' ? shown(msg) : '', ...words].join('  ').trimEnd()}\n`;
}

function fieldText(value: unknown): string {
  return shown(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}
