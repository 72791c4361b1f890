import { ByteWriter, equalBytes, sha256, utf8ToBytes } from '@yakmesh/crypto';

/** Longest networkId or networkFingerprint, in UTF-8 bytes: the hash's own length field. */
export const NETWORK_LABEL_BYTES_MAX = 65_535;

/** Bytes of a network's hash that name it on the wire. */
export const NETWORK_PREFIX_BYTES = 8;

/** What names a network in HELLO, INFO and HEAD; a collision fails at the tag or the signature. */
export function networkPrefix(hash: Uint8Array): Uint8Array {
  return hash.subarray(0, NETWORK_PREFIX_BYTES);
}

/** The network with this prefix among those that are accepted. */
export function networkOf(hashes: readonly Uint8Array[], prefix: Uint8Array): Uint8Array | undefined {
  return hashes.find((hash) => equalBytes(networkPrefix(hash), prefix));
}

/** Which network a node belongs to: both parts may be null, and null equals only null. */
export interface NetworkName {
  readonly networkId: string | null;
  readonly networkFingerprint: string | null;
}

/** net_fp: SHA-256("yakmesh/netfp/1" ‖ suite u16 ‖ for id, then fingerprint: u8 present ‖ u16 length ‖ bytes). */
export function networkHash(suite: number, name: NetworkName): Uint8Array {
  const writer = new ByteWriter(64, 2 * NETWORK_LABEL_BYTES_MAX + 64);
  writer.bytes(utf8ToBytes('yakmesh/netfp/1')).u16(suite);
  for (const part of [name.networkId, name.networkFingerprint]) {
    const bytes = utf8ToBytes(part ?? '');
    writer
      .u8(part === null ? 0 : 1)
      .u16(bytes.length)
      .bytes(bytes);
  }
  return sha256(writer.finish());
}
