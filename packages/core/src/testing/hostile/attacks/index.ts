import type { Attack } from '../attack.js';
import { admissionAttacks } from './admissions.js';
import { batchAttacks } from './batches.js';
import { confirmAttacks } from './confirms.js';
import { controlFrameAttacks } from './control-frames.js';
import { diallingAttacks } from './dialling.js';
import { envelopeAttacks } from './envelopes.js';
import { helloAttacks } from './hellos.js';
import { keyAttacks } from './keys.js';
import { neighbourAttacks } from './neighbours.js';
import { payloadAttacks } from './payloads.js';
import { puzzleAttacks } from './puzzles.js';
import { recordAttacks } from './records.js';
import { routeAttacks } from './routes.js';
import { strangerAttacks } from './strangers.js';

/** All attacks, from the first byte of a stranger to what a proven neighbour can do. */
export const attacks: readonly Attack[] = [
  ...strangerAttacks,
  ...admissionAttacks,
  ...puzzleAttacks,
  ...helloAttacks,
  ...confirmAttacks,
  ...diallingAttacks,
  ...recordAttacks,
  ...controlFrameAttacks,
  ...batchAttacks,
  ...keyAttacks,
  ...envelopeAttacks,
  ...payloadAttacks,
  ...neighbourAttacks,
  ...routeAttacks,
];
