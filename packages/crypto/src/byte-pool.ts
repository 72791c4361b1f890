/** Arrays of one length that are used again and again: to make one of 16 KiB, and to collect it, costs ten times what filling it costs. */
export class BytePool {
  readonly #bytes: number;
  readonly #sparesMax: number;
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param bytes length of each array
   * @param sparesMax arrays that are kept for later; further ones are left to the garbage collector
   */
  constructor(bytes: number, sparesMax: number) {
    this.#bytes = bytes;
    this.#sparesMax = sparesMax;
  }

  /** Arrays that wait for their next use. */
  get spares(): number {
    return this.#spares.length;
  }

  /** An array that nobody else uses; it holds whatever its last user left there. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#spares.pop() ?? new Uint8Array(this.#bytes);
  }

  /** Takes an array back, or the array of which this is a part. Whoever gives it must not touch it again; one of another length is ignored, and so is one given twice. */
  give(array: Uint8Array): void {
    const { buffer } = array;
    const isOurs = buffer instanceof ArrayBuffer && buffer.byteLength === this.#bytes;
    if (!isOurs || this.#spares.length >= this.#sparesMax) return;
    for (const spare of this.#spares) if (spare.buffer === buffer) return;
    const isWhole = array.length === this.#bytes && array.constructor === Uint8Array;
    this.#spares.push(isWhole ? (array as Uint8Array<ArrayBuffer>) : new Uint8Array(buffer));
  }
}
