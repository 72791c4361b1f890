import type { SigningIdentity } from '@yakmesh/crypto';
import { Emitter, type EmitterListener, type MeshTransport, type Unsubscribe } from '@yakmesh/core/transport';
import type { AnnexListenerEvents } from './events.js';
import { hubOf, type Hub } from './hub.js';
import { resolveOptions, type AnnexListenerOptions } from './options.js';
import { SecureChannel } from './secure-channel.js';

/** Takes channels that others open; one for each mesh. Close it to take no more: those that are open stay. */
export class AnnexListener {
  readonly #hub: Hub;
  readonly #emitter: Emitter<AnnexListenerEvents>;
  readonly #stop: () => void;

  /**
   * Listens at once. The identity is the mesh's.
   *
   * @throws AnnexError ANNEX_LISTENING where the mesh has a listener; TypeError for another identity or an unknown option; RangeError for one that cannot be used.
   */
  constructor(identity: SigningIdentity, mesh: MeshTransport, options: AnnexListenerOptions = {}) {
    const config = resolveOptions(options, ['access', 'allowAnonymous']);
    const { access = () => true, allowAnonymous = false } = options;
    const hub = hubOf(mesh, identity);
    this.#hub = hub;
    this.#emitter = new Emitter((error) => hub.port.log.error({ error }, 'a listener for channels failed'));
    this.#stop = hub.listen({
      config,
      access,
      allowAnonymous,
      accepted: (session) => {
        const channel = new SecureChannel(session.peerId);
        channel.attach(session);
        // Without anybody to take it, it must not stay open for ever.
        if (!this.#emitter.emit('channel', channel)) void channel.close();
      },
    });
  }

  /** What others sent to this mesh's channels that was dropped, by code since the start. */
  get counters(): Readonly<Record<string, number>> {
    return this.#hub.counters;
  }

  /** Registers a listener; answers how to take it back. */
  on<Type extends keyof AnnexListenerEvents>(
    type: Type,
    listener: EmitterListener<AnnexListenerEvents[Type]>,
  ): Unsubscribe {
    return this.#emitter.on(type, listener);
  }

  /** Takes a listener back. */
  off<Type extends keyof AnnexListenerEvents>(
    type: Type,
    listener: EmitterListener<AnnexListenerEvents[Type]>,
  ): void {
    this.#emitter.off(type, listener);
  }

  /** Takes no further channels. Twice is fine. */
  close(): void {
    this.#stop();
  }
}
