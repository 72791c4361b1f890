import { closeCode as codeOfNumber } from '../../link/close-codes.js';
import {
  decodeCredit,
  decodePing,
  encodeCredit,
  encodeInfo,
  encodePing,
  type LinkInfo,
} from '../../link/control-frames.js';
import { CREDIT_BYTES_MAX, CREDIT_BYTES_MIN } from '../../link/link-limits.js';
import { padded } from '../../link/record-draft.js';
import { decodeFrames, FRAME_HEADER_BYTES, FrameKind, isCharged, type Frame } from '../../record/frames.js';
import { RecordKeys } from '../../record/record-keys.js';
import type { LinkErrorCode } from '../../errors.js';
import { networkPrefix } from '../../network-hash.js';
import { decodeChallenge } from '../../handshake/messages.js';
import { HandshakeAttacker } from './handshake-attacker.js';
import type { Party } from './parties.js';
import type { RawAttacker, RawEnd } from './raw-attacker-node.js';

/** How a hand-driven link behaves by itself. */
export interface LinkAttackerOptions {
  /** Answers no ping and grants no credit. @default false */
  readonly isSilent?: boolean | undefined;
  /** Solves the puzzle that it is asked for, in this thread. @default false: asked for one, it is refused with a RangeError */
  readonly solves?: boolean | undefined;
  /** The 64 B params of its CONFIRM. @default those of the party */
  readonly params?: Uint8Array | undefined;
}

/** Frames of the victim that are kept for the test. */
const FRAMES_KEPT_MAX = 10_000;

/** A peer that has truly proven itself, and whose link is driven by hand: it seals whatever it is told to. */
export class LinkAttacker {
  readonly party: Party;
  readonly raw: RawAttacker;
  /** What the victim said, oldest first. */
  readonly frames: Frame[] = [];
  readonly #network: Uint8Array;
  readonly #isSilent: boolean;
  readonly #send: RecordKeys;
  readonly #receive: RecordKeys;
  #grantedBytes = CREDIT_BYTES_MIN;
  #chargedBytes = 0;
  #receivedBytes = 0;
  #closeCode: LinkErrorCode | undefined;

  private constructor(
    raw: RawAttacker,
    party: Party,
    network: Uint8Array,
    root: Uint8Array,
    isSilent: boolean,
  ) {
    this.raw = raw;
    this.party = party;
    this.#network = network;
    this.#isSilent = isSilent;
    this.#send = new RecordKeys(root, 'initiator', 0);
    this.#receive = new RecordKeys(root, 'responder', 0);
  }

  /** Shakes hands over an open socket, and waits for the victim's word on that, which is in `frames`. */
  static async over(
    raw: RawAttacker,
    party: Party,
    network: Uint8Array,
    options: LinkAttackerOptions = {},
  ): Promise<LinkAttacker> {
    const handshake = new HandshakeAttacker(party, network);
    raw.send(await handshake.hello());
    const answer = await raw.next();
    const challenge = options.solves === true && answer !== undefined ? decodeChallenge(answer) : undefined;
    if (challenge !== undefined)
      raw.send(await handshake.hello({ puzzle: await handshake.solve(challenge) }));
    await handshake.read(challenge === undefined ? answer : await raw.next());
    const confirm = await handshake.confirm({ params: options.params ?? party.self.params });
    const link = new LinkAttacker(raw, party, network, handshake.finish().root, options.isSilent === true);
    raw.onMessage = (bytes) => link.#received(bytes);
    raw.send(confirm);
    // Until the victim has said HS_DONE, another word would be taken for a part of the handshake.
    while (raw.isOpen && link.frames.length === 0)
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    return link;
  }

  /** Why the victim ended the link, where it said so. */
  get closeCode(): LinkErrorCode | undefined {
    return this.#closeCode;
  }

  /** Resolves when the socket is gone. */
  get ended(): Promise<RawEnd> {
    return this.raw.ended;
  }

  /** How many frames of a kind the victim sent. */
  count(kind: FrameKind): number {
    return this.frames.filter((frame) => frame.kind === kind).length;
  }

  /** Tells the victim of itself: from here on the link is established. */
  info(lies: Partial<LinkInfo> = {}): void {
    const networks = [networkPrefix(this.#network)];
    this.send(
      encodeInfo({ endpoint: undefined, protocols: ['yakmesh/1'], timeMs: Date.now(), networks, ...lies }),
    );
  }

  /** Seals frames into one record, whatever credit there is. */
  send(...frames: readonly Uint8Array[]): void {
    this.raw.send(this.seal(...frames));
  }

  /** Frames, as many records as they need, no faster than credit and socket allow. False when the link ended before the last. */
  async paced(frames: Iterable<Uint8Array>): Promise<boolean> {
    for (const frame of frames) {
      while (this.raw.isOpen && this.#chargedBytes + frame.length > this.#grantedBytes)
        await new Promise<void>((resolve) => setTimeout(resolve, 1));
      if (!this.raw.isOpen) return false;
      this.send(frame);
      await this.raw.flushed();
    }
    return this.raw.isOpen;
  }

  /** The next record with these frames, to be sent by the test. */
  seal(...frames: readonly Uint8Array[]): Uint8Array {
    for (const frame of frames) if (isCharged(frame[0] ?? 0)) this.#chargedBytes += frame.length;
    return this.sealPlain(padded(frames));
  }

  /** The next record of exactly this plaintext. */
  sealPlain(plaintext: Uint8Array): Uint8Array {
    return this.#send.seal(plaintext);
  }

  #received(wire: Uint8Array): void {
    const plaintext = this.#receive.open(wire);
    const frames = plaintext && decodeFrames(plaintext);
    if (frames === undefined) return;
    let isCreditOwed = false;
    for (const frame of frames) {
      if (this.frames.length < FRAMES_KEPT_MAX) this.frames.push(frame);
      if (isCharged(frame.kind)) {
        this.#receivedBytes += FRAME_HEADER_BYTES + frame.body.length;
        isCreditOwed = true;
      }
      this.#answer(frame);
    }
    if (isCreditOwed && !this.#isSilent)
      this.send(encodeCredit(this.#receivedBytes, this.#receivedBytes + CREDIT_BYTES_MAX));
  }

  #answer({ kind, body }: Frame): void {
    if (kind === FrameKind.CREDIT) this.#grantedBytes = decodeCredit(body)?.grantedBytes ?? 0;
    if (kind === FrameKind.CLOSE) this.#closeCode = codeOfNumber((body[0] ?? 0) * 256 + (body[1] ?? 0));
    if (kind === FrameKind.PING && !this.#isSilent)
      this.send(encodePing(FrameKind.PONG, decodePing(body) ?? 0));
  }
}
