import { FrameKind } from '../../record/frames.js';

/** Bytes of a simulation by what they were for. `links` is what keeps links alive and sealed: control frames, padding and tags. */
export type TrafficClass = 'payload' | 'links' | 'handshakes' | 'flows' | 'hints' | `protocol ${string}`;

/** Counts what links write. */
export class Traffic {
  readonly #bytes = new Map<TrafficClass, number>();
  #names = new Map<number, TrafficClass>();

  add(type: TrafficClass, bytes: number): void {
    this.#bytes.set(type, (this.#bytes.get(type) ?? 0) + bytes);
  }

  /** Counts a frame under the name that its kind and protocol give it. */
  addFrame(frame: Uint8Array): void {
    this.add(this.#classOf(frame), frame.length);
  }

  /** What was counted so far. */
  snapshot(): Readonly<Partial<Record<TrafficClass, number>>> {
    return Object.fromEntries([...this.#bytes].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #classOf(frame: Uint8Array): TrafficClass {
    switch (frame[0]) {
      case FrameKind.PROTOCOL:
        return this.#protocolOf(frame);
      case FrameKind.FLOW_OPEN:
      case FrameKind.FLOW:
      case FrameKind.FLOW_CLOSE:
        return 'flows';
      case FrameKind.PEERS:
        return 'hints';
      default:
        return 'links';
    }
  }

  /** PROTOCOL{name length u8, name, …} after a header of four bytes. The name is found by a number, since this runs for every frame. */
  #protocolOf(frame: Uint8Array): TrafficClass {
    const length = frame[4] ?? 0;
    let hash = length;
    for (let at = 5; at < 5 + length; at += 1) hash = (Math.imul(hash, 31) + (frame[at] ?? 0)) | 0;
    const known = this.#names.get(hash);
    if (known !== undefined) return known;
    const name: TrafficClass = `protocol ${String.fromCharCode(...frame.subarray(5, 5 + length))}`;
    this.#names.set(hash, name);
    return name;
  }
}
