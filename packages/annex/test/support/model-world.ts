import { SeededRandom } from '@yakmesh/core/testing';
import { modelJob, modelOutcomes } from '../../src/testing/model-crypto.js';
import { SessionWorld, type SessionWorldOptions } from '../../src/testing/session-world.js';

/** Nothing is lost, and nothing comes twice or late. */
export const CALM = { loss: 0, duplication: 0, jitterMs: 0 };

const STREAM_WINDOW_BYTES = 65_536;

export interface ModelWorldOptions extends Pick<
  SessionWorldOptions,
  'session' | 'roomBytes' | 'recordBytesMax'
> {
  /** @default calm */
  readonly weather?: SessionWorldOptions['weather'];
  /** What a stream may have under way at first; a session four times as much. @default 65,536 */
  readonly streamWindowBytes?: number;
}

/** Both ends of a session with model crypto: all that is random about them follows from the seed. */
export function modelWorld(seed: string, options: ModelWorldOptions = {}): SessionWorld {
  const { weather = CALM, streamWindowBytes = STREAM_WINDOW_BYTES, ...others } = options;
  const random = new SeededRandom(seed);
  return new SessionWorld({
    random: random.fork('world'),
    outcomes: modelOutcomes(random.fork('keys'), streamWindowBytes, 4 * streamWindowBytes),
    job: (_role, job) => modelJob(job, random),
    weather,
    ...others,
  });
}
