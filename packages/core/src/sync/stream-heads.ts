import type { ProvenHead, ReceivedHead } from './neighbour-actions.js';
import { encodeHead, encodeKey, type StreamMessage } from './stream-messages.js';
import type { StreamSender } from './stream-sender.js';

/** 6. A record goes after its batch's head, and that after its signer's key, each unless it was the last one. */
export class SentHeads {
  #author: string | undefined;
  #head: string | undefined;

  /** Sends what must come before a record of this batch. */
  precede(head: ProvenHead, sender: StreamSender): void {
    if (head.author !== this.#author) sender.push(encodeKey(head.publicKey));
    if (head.key !== this.#head) sender.push(encodeHead(head));
    this.#author = head.author;
    this.#head = head.key;
  }

  clear(): void {
    this.#author = undefined;
    this.#head = undefined;
  }
}

/** The other end of that: the head by which the records that come now prove themselves. */
export class ReceivedHeads {
  #key: Uint8Array | undefined;
  #last: ReceivedHead | undefined;

  get last(): ReceivedHead | undefined {
    return this.#last;
  }

  /** False for a head before which no key came. */
  take(message: StreamMessage & { readonly type: 'key' | 'head' }): boolean {
    if (message.type === 'key') this.#key = message.publicKey;
    else if (this.#key === undefined) return false;
    else this.#last = { ...message, publicKey: this.#key };
    return true;
  }

  clear(): void {
    this.#key = undefined;
    this.#last = undefined;
  }
}
