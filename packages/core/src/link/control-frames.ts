import {
  ByteReader,
  ByteWriter,
  bytesToUtf8,
  copyBytes,
  utf8ToBytes,
  type NodeId,
  ML_DSA_65_SIGNATURE_BYTES,
} from '@yakmesh/crypto';
import { decodePayload, encodePayload } from '../envelope/payload.js';
import type { LinkErrorCode } from '../errors.js';
import { NETWORK_PREFIX_BYTES } from '../network-hash.js';
import { bytesOfName, nodeName } from '../node-name.js';
import { isProtocolId } from '../protocol-id.js';
import { encodeFrame, FrameKind } from '../record/frames.js';
import { closeCode, closeNumber } from './close-codes.js';

export const ENDPOINT_BYTES_MAX = 128;
export const HINTS_MAX = 32;
/** Protocols that a peer may say it has open; more are cut off. */
export const PROTOCOLS_MAX = 64;
const NETWORKS_MAX = 8;
/** Characters of a URL, without those that markup is made of: what peers say of themselves ends up on the pages of dashboards. */
const ENDPOINT_PATTERN = /^wss?:\/\/[\w.~:/?#[\]@!$&()*+,;=%-]+$/;
const NODE_ID_BYTES = 32;

/** What a peer says of itself right after the handshake, and again when it changes. */
export interface LinkInfo {
  readonly endpoint: string | undefined;
  readonly protocols: readonly string[];
  /** Its wall clock, milliseconds since 1970. */
  readonly timeMs: number;
  /** First 8 bytes of each network whose envelopes it accepts. */
  readonly networks: readonly Uint8Array[];
}

/** Where a node may be found: only a hint, dialled with that id expected. */
export interface PeerHint {
  readonly nodeId: NodeId;
  readonly endpoint: string;
}

export function encodeInfo(info: LinkInfo): Uint8Array {
  const { endpoint, protocols, timeMs, networks } = info;
  return encodeFrame(
    FrameKind.INFO,
    encodePayload({ endpoint: endpoint ?? null, protocols, timeMs, networks }),
  );
}

export function decodeInfo(body: Uint8Array): LinkInfo | undefined {
  const value = decodePayload(body)?.value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { endpoint, protocols, timeMs, networks } = value as Record<string, unknown>;
  const isFit = endpoint === null || (typeof endpoint === 'string' && endpoint.length <= ENDPOINT_BYTES_MAX);
  if (!isFit || typeof timeMs !== 'number' || !Array.isArray(protocols) || !Array.isArray(networks))
    return undefined;
  return {
    endpoint: typeof endpoint === 'string' && isHarmless(endpoint) ? endpoint : undefined,
    protocols: protocols.filter(isProtocolId).slice(0, PROTOCOLS_MAX),
    timeMs,
    networks: networks
      .filter((prefix): prefix is Uint8Array => prefix instanceof Uint8Array)
      .filter(({ length }) => length === NETWORK_PREFIX_BYTES)
      .slice(0, NETWORKS_MAX)
      .map(copyBytes),
  };
}

export function encodePeers(hints: readonly PeerHint[]): Uint8Array {
  const writer = new ByteWriter(64, 1 + HINTS_MAX * (NODE_ID_BYTES + 1 + ENDPOINT_BYTES_MAX));
  const sent = hints
    .slice(0, HINTS_MAX)
    .map(({ nodeId, endpoint }) => ({ id: bytesOfName(nodeId), url: utf8ToBytes(endpoint) }));
  const fitting = sent.filter(({ id, url }) => id !== undefined && url.length <= ENDPOINT_BYTES_MAX);
  writer.u8(fitting.length);
  for (const { id, url } of fitting) if (id !== undefined) writer.bytes(id).u8(url.length).bytes(url);
  return encodeFrame(FrameKind.PEERS, writer.finish());
}

export function decodePeers(body: Uint8Array): PeerHint[] | undefined {
  const reader = new ByteReader(body);
  const count = reader.u8();
  if (count > HINTS_MAX) return undefined;
  const hints: PeerHint[] = [];
  for (let index = 0; index < count && !reader.failed; index += 1) {
    const id = reader.bytes(NODE_ID_BYTES);
    const length = reader.u8();
    if (length > ENDPOINT_BYTES_MAX) return undefined;
    const endpoint = bytesToUtf8(reader.bytes(length));
    if (reader.failed || endpoint === undefined) return undefined;
    // Counted as a bad hint further on, and shown to nobody.
    hints.push({ nodeId: nodeName(id), endpoint: isHarmless(endpoint) ? endpoint : '' });
  }
  return reader.end() ? hints : undefined;
}

export function isHarmless(endpoint: string): boolean {
  return ENDPOINT_PATTERN.test(endpoint);
}

/** CREDIT{received u48, granted u48}: cumulative counts of charged bytes. */
export function encodeCredit(receivedBytes: number, grantedBytes: number): Uint8Array {
  return encodeFrame(FrameKind.CREDIT, new ByteWriter(12).u48(receivedBytes).u48(grantedBytes).finish());
}

export function decodeCredit(body: Uint8Array): { receivedBytes: number; grantedBytes: number } | undefined {
  const reader = new ByteReader(body);
  const receivedBytes = reader.u48();
  const grantedBytes = reader.u48();
  return reader.end() ? { receivedBytes, grantedBytes } : undefined;
}

export function encodePing(kind: typeof FrameKind.PING | typeof FrameKind.PONG, id: number): Uint8Array {
  return encodeFrame(kind, new ByteWriter(4).u32(id).finish());
}

export function decodePing(body: Uint8Array): number | undefined {
  const reader = new ByteReader(body);
  const id = reader.u32();
  return reader.end() ? id : undefined;
}

export function encodeClose(code: LinkErrorCode): Uint8Array {
  return encodeFrame(FrameKind.CLOSE, new ByteWriter(2).u16(closeNumber(code)).finish());
}

/** Bytes past the code are ignored. */
export function decodeClose(body: Uint8Array): LinkErrorCode {
  return closeCode(new ByteReader(body).u16());
}

/** KEY_UPDATE{epoch u32, phase u32}: the key of the records that follow. */
export function encodeKeyUpdate(epoch: number, phase: number): Uint8Array {
  return encodeFrame(FrameKind.KEY_UPDATE, new ByteWriter(8).u32(epoch).u32(phase).finish());
}

export function decodeKeyUpdate(body: Uint8Array): { epoch: number; phase: number } | undefined {
  const reader = new ByteReader(body);
  const epoch = reader.u32();
  const phase = reader.u32();
  return reader.end() ? { epoch, phase } : undefined;
}

/** TSIG{epoch u32, record u64, signature 3,309, ek or ct}. */
export interface TranscriptSignature {
  readonly epoch: number;
  readonly record: number;
  readonly signature: Uint8Array;
  readonly kemPart: Uint8Array;
}

export function encodeTranscriptSignature(signed: TranscriptSignature): Uint8Array {
  const { epoch, record, signature, kemPart } = signed;
  const writer = new ByteWriter(4 + 8 + ML_DSA_65_SIGNATURE_BYTES + kemPart.length);
  return encodeFrame(
    FrameKind.TSIG,
    writer.u32(epoch).u64(BigInt(record)).bytes(signature).bytes(kemPart).finish(),
  );
}

export function decodeTranscriptSignature(body: Uint8Array): TranscriptSignature | undefined {
  const reader = new ByteReader(body);
  const epoch = reader.u32();
  const record = Number(reader.u64());
  const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
  const kemPart = reader.rest();
  return reader.failed
    ? undefined
    : { epoch, record, signature: signature.slice(), kemPart: kemPart.slice() };
}
