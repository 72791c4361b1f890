import type { Attack } from '../attack.js';
import { confirmAttacks } from './confirms.js';
import { controlFrameAttacks } from './control-frames.js';
import { diallingAttacks } from './dialling.js';
import { helloAttacks } from './hellos.js';
import { recordAttacks } from './records.js';
import { strangerAttacks } from './strangers.js';

/** All attacks, from the first byte of a stranger to what a proven neighbour can do. */
export const attacks: readonly Attack[] = [
  ...strangerAttacks,
  ...helloAttacks,
  ...confirmAttacks,
  ...diallingAttacks,
  ...recordAttacks,
  ...controlFrameAttacks,
];
