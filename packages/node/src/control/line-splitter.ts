/** Cuts a stream of bytes into lines. What has come of an unfinished line is bounded by its owner, who asks `pendingBytes`. */
export class LineSplitter {
  readonly #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  /** Bytes of the line that has not ended. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The lines that end within these bytes, without their ends. */
  push(bytes: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      if (end === -1) break;
      lines.push(this.#finish(bytes.subarray(start, end)));
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
    return lines;
  }

  #finish(last: Uint8Array): Uint8Array {
    this.#keep(last);
    const line = Buffer.concat(this.#pieces);
    this.#pieces.length = 0;
    this.#pendingBytes = 0;
    return line;
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#pendingBytes += piece.length;
  }
}

const NEWLINE = 0x0a;
