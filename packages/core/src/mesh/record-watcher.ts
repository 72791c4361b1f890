import type { NodeId } from '@yakmesh/crypto';
import { MessageTypes } from '../message-types.js';
import type { EventHub } from './event-hub.js';
import type { MeshMessage } from './events.js';
import type { LinkLayer } from './link-layer.js';
import type { MeshRecord } from './mesh-record.js';
import type { RecordListener } from './record-sync.js';
import type { Records } from './records.js';

export interface RecordWatcherOptions {
  readonly hub: EventHub;
  /** Who hears of changes; it exists by the time there are any. */
  readonly records: () => Records;
  /** The links of the mesh, which exist by the time that neighbours speak of records. */
  readonly links: () => LinkLayer;
}

/** Tells the application what happens to records, and which neighbours compare theirs with ours. */
export class RecordWatcher implements RecordListener {
  readonly #options: RecordWatcherOptions;

  constructor(options: RecordWatcherOptions) {
    this.#options = options;
  }

  changed(record: MeshRecord, from: NodeId | undefined): void {
    const { hub, links, records } = this.#options;
    const via = from === undefined ? undefined : links().peer(from);
    const { id, author, version } = record;
    const message = { type: MessageTypes.REPLICATE, record, id, timeMs: version.timeMs };
    if (via !== undefined) hub.record(message, via, author);
    records().changed({ record, isRemote: from !== undefined });
  }

  asked(from: NodeId): void {
    this.#linkMessage({ type: MessageTypes.SYNC_REQUEST }, from);
  }

  answered(from: NodeId, received: number, sent: number): void {
    this.#linkMessage({ type: MessageTypes.SYNC_RESPONSE, received, sent }, from);
  }

  #linkMessage(message: MeshMessage, from: NodeId): void {
    const peer = this.#options.links().peer(from);
    if (peer !== undefined) this.#options.hub.linkMessage(message, peer);
  }
}
