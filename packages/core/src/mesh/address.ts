import ipaddr from 'ipaddr.js';

const DOTTED = /^\d{1,3}(\.\d{1,3}){3}$/;
/** IPv4 as sockets tell it, also mapped into IPv6: asked for every connection, so it needs no parser. */
const USUAL = /^(?:::ffff:)?((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4})$/;

/** What limits count by: an IPv4 address (also when mapped into IPv6), the /64 of an IPv6 address, or the text itself. */
export function addressScope(address: string): string {
  const usual = USUAL.exec(address)?.[1];
  if (usual !== undefined) return usual;
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bytes = parsed.toByteArray().fill(0, 8);
  return `${ipaddr.fromByteArray(bytes).toString()}/64`;
}

/** What a node wants neighbours from many of: the /16 of an IPv4 address, the /32 of an IPv6 one, or the name itself. */
export function networkGroup(host: string): string {
  if (!ipaddr.isValid(host)) return host;
  const parsed = ipaddr.process(host);
  const bytes = parsed.toByteArray().slice(0, parsed.kind() === 'ipv4' ? 2 : 4);
  return `${parsed.kind()} ${bytes.join('.')}`;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** True for this machine's own addresses, and for what has none: sockets in memory. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost' || address === '') return true;
  // Asked for every entry of every shuffle: the usual form needs no parser.
  if (DOTTED.test(address)) return address.startsWith('127.');
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}
