import type { NodeId } from '@yakmesh/crypto';
import type { Flow } from '@yakmesh/core/transport';

/** Whoever uses a flow: a call, an answer or a session. */
export interface LineOwner {
  drained(line: FlowLine): void;
  lost(line: FlowLine): void;
}

/** One flow, and who is told what happens to it. */
export class FlowLine {
  readonly flow: Flow;
  readonly via: NodeId;
  owner: LineOwner | undefined;
  isOpen = true;
  /** Bits of the puzzle that was demanded on it. */
  challengeBits = 0;

  constructor(flow: Flow) {
    this.flow = flow;
    this.via = flow.via;
  }

  send(bytes: Uint8Array, sealedFrom?: number, released?: (bytes: Uint8Array) => void): boolean {
    return this.isOpen && this.flow.send(bytes, sealedFrom, released);
  }

  close(code = 0): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.flow.close(code);
  }
}
