import type { Payload } from '@yakmesh/core/transport';
import type { JsonValue } from '@yakmesh/defense';

/** A payload as JSON, for people and scripts: bytes become `{"$bytes": base64}`, integers of 64 bits `{"$integer": digits}`. */
export function payloadJson(payload: Payload | undefined): JsonValue {
  if (payload === undefined || payload === null) return null;
  if (typeof payload === 'bigint') return { $integer: String(payload) };
  if (typeof payload !== 'object') return payload;
  if (payload instanceof Uint8Array) return { $bytes: Buffer.from(payload).toString('base64') };
  if (isList(payload)) return payload.map(payloadJson);
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, payloadJson(value)]));
}

/** `Array.isArray`, which does not narrow readonly arrays. */
function isList(payload: object): payload is readonly Payload[] {
  return Array.isArray(payload);
}
