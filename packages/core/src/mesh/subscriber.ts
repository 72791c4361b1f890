import type { Batch, BatchMessage } from '../envelope/batch.js';
import type { GateVerdict, MessageInfo, Payload } from '../transport/index.js';

/** A message with what proves it: for protocols of core itself that keep the proof. */
export interface SignedMessage {
  readonly batch: Batch;
  readonly message: BatchMessage;
}

/** Where messages of a protocol go. */
export interface Subscriber {
  /** Undefined where the protocol has no gate: then its messages are relayed without being looked at. */
  readonly gate:
    ((payload: Payload, info: MessageInfo, signed: SignedMessage) => Promise<GateVerdict>) | undefined;
  message(payload: Payload, info: MessageInfo): void;
}
