import { isNodeId, type NodeId } from '@yakmesh/crypto';
import { MeshError } from '../errors.js';
import { ENDPOINT_BYTES_MAX } from '../link/control-frames.js';
import { BoundedMap } from '../transport/index.js';
import { parseUrl } from '../url.js';
import { hostOf, isLoopback, networkGroup } from './address.js';

/** Endpoints and addresses whose place is remembered: a shuffle asks for every entry, and nearly always for ones that were there before. */
const PLACES_KEPT_MAX = 1_024;

/** A WebSocket URL to dial, and who must answer there. */
export interface Endpoint {
  /** Without fragment: WebSocket clients refuse one. */
  readonly url: string;
  readonly expected: NodeId | undefined;
}

/** Reads `ws://host:port/path` or `wss://…`, with the expected peer as a `#yak1…` fragment; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const url = parseUrl(text);
  if (url === undefined) return undefined;
  const isWebSocket = url.protocol === 'ws:' || url.protocol === 'wss:';
  if (!isWebSocket || url.hostname === '' || url.username !== '' || url.password !== '') return undefined;
  const fragment = url.hash.slice(1);
  url.hash = '';
  if (fragment !== '' && !isNodeId(fragment)) return undefined;
  return { url: url.href, expected: isNodeId(fragment) ? fragment : undefined };
}

/** @throws MeshError MESH_BAD_ENDPOINT, which says what an endpoint looks like. */
export function requireEndpoint(text: unknown): Endpoint {
  const endpoint = typeof text === 'string' ? parseEndpoint(text) : undefined;
  if (endpoint !== undefined) return endpoint;
  throw new MeshError(
    'MESH_BAD_ENDPOINT',
    `${String(text).slice(0, 100)} is no endpoint; give ws://host:port or wss://host, with #yak1… for the expected peer.`,
  );
}

/** What the text of an endpoint, or of an address, says of where that is. */
interface Place {
  readonly isEndpoint: boolean;
  readonly isLoopback: boolean;
  readonly group: string;
}

const places = new BoundedMap<string, Place>(PLACES_KEPT_MAX);

/** An endpoint that a peer at `address` may tell others of: short, and loopback only among peers of this machine. */
export function isAdvertisable(endpoint: string, address: string): boolean {
  if (endpoint.length > ENDPOINT_BYTES_MAX) return false;
  const place = placeOf(endpoint);
  return place.isEndpoint && (!place.isLoopback || isLoopback(address));
}

/** The part of the network that an endpoint or an address is in, as `networkGroup` says it. */
export function groupOf(endpointOrAddress: string): string {
  return placeOf(endpointOrAddress).group;
}

function placeOf(text: string): Place {
  const known = places.get(text);
  if (known !== undefined) return known;
  const url = parseEndpoint(text)?.url;
  const host = url === undefined ? text : hostOf(url);
  const place = { isEndpoint: url !== undefined, isLoopback: isLoopback(host), group: networkGroup(host) };
  if (text.length <= ENDPOINT_BYTES_MAX) places.set(text, place);
  return place;
}
