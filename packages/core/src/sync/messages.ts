import { ByteReader, ByteWriter } from '@yakmesh/crypto';

/** Link frames of sync/1: an append-only table. */
const FrameType = { DATA: 0, ACK: 1, RESTART: 2 } as const;

/** type 1 · epoch 4 · number 4. */
export const DATA_HEADER_BYTES = 9;

export type SyncFrame =
  /** A piece of the sender's stream of messages. Numbers begin at 0 in each epoch, which the sender draws at random. */
  | { readonly type: 'data'; readonly epoch: number; readonly number: number; readonly piece: Uint8Array }
  /** What the sender has dealt with of the receiver's stream, how many frames it has itself sent, and whether it has nothing left to do. */
  | {
      readonly type: 'ack';
      readonly epoch: number;
      readonly received: number;
      readonly sent: number;
      readonly isIdle: boolean;
    }
  /** The receiver's stream does not fit together here: it begins a new epoch. */
  | { readonly type: 'restart'; readonly epoch: number };

export function encodeSyncFrame(frame: SyncFrame): Uint8Array {
  switch (frame.type) {
    case 'data':
      return new ByteWriter(DATA_HEADER_BYTES + frame.piece.length)
        .u8(FrameType.DATA)
        .u32(frame.epoch)
        .u32(frame.number)
        .bytes(frame.piece)
        .finish();
    case 'ack':
      return new ByteWriter(14)
        .u8(FrameType.ACK)
        .u32(frame.epoch)
        .u32(frame.received)
        .u32(frame.sent)
        .u8(frame.isIdle ? 1 : 0)
        .finish();
    case 'restart':
      return new ByteWriter(5).u8(FrameType.RESTART).u32(frame.epoch).finish();
  }
}

export function decodeSyncFrame(body: Uint8Array): SyncFrame | undefined {
  const reader = new ByteReader(body);
  const type = reader.u8();
  const epoch = reader.u32();
  switch (type) {
    case FrameType.DATA: {
      const number = reader.u32();
      const piece = reader.rest();
      return reader.failed || piece.length === 0 ? undefined : { type: 'data', epoch, number, piece };
    }
    case FrameType.ACK: {
      const received = reader.u32();
      const sent = reader.u32();
      const flags = reader.u8();
      if (!reader.end() || flags > 1) return undefined;
      return { type: 'ack', epoch, received, sent, isIdle: flags === 1 };
    }
    case FrameType.RESTART:
      return reader.end() ? { type: 'restart', epoch } : undefined;
    default:
      return undefined;
  }
}
