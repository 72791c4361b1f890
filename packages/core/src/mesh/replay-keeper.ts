import type { ReplayState } from '../envelope/replay-state.js';
import type { Clock, Logger, Store, TimerHandle } from '../transport/index.js';

/** Between two saves; after a crash, what was sent within this time after the last one counts as seen. */
const SAVE_MS = 5_000;
const KEY = 'core/replay';
const BYTES = 16;

/** Saves the replay state's floor, so that a message from before a crash is not accepted again after it. */
export class ReplayKeeper {
  readonly #replay: ReplayState;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: TimerHandle | undefined;

  constructor(replay: ReplayState, store: Store, clock: Clock, log: Logger) {
    this.#replay = replay;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  async start(): Promise<void> {
    const bytes = await this.#store.get(KEY);
    if (bytes?.length === BYTES) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [unknownFloorMs, savedMs] = [view.getFloat64(0), view.getFloat64(8)];
      // A floor that is no number could never rise again, and an infinite one would refuse everybody.
      if (Number.isFinite(unknownFloorMs) && Number.isFinite(savedMs))
        this.#replay.restore({ unknownFloorMs, savedMs }, SAVE_MS);
    }
    // A crash before the first regular save must find one too.
    await this.#saveOrWarn();
    this.#arm();
  }

  async stop(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    await this.#save().catch(() =>
      this.#log.error({}, 'The replay state could not be saved; the next start goes by the last save.'),
    );
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(SAVE_MS, () => {
      this.#arm();
      void this.#saveOrWarn();
    });
  }

  async #saveOrWarn(): Promise<void> {
    await this.#save().catch(() =>
      this.#log.warn({}, 'The replay state could not be saved; it is tried again.'),
    );
  }

  async #save(): Promise<void> {
    const { unknownFloorMs, savedMs } = this.#replay.snapshot(this.#clock.nowMs());
    const bytes = new Uint8Array(BYTES);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, unknownFloorMs);
    view.setFloat64(8, savedMs);
    await this.#store.put(KEY, bytes);
  }
}
