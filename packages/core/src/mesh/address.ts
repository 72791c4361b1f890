import ipaddr from 'ipaddr.js';

/** What limits count by: an IPv4 address (also when mapped into IPv6), the /64 of an IPv6 address, or the text itself. */
export function addressScope(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bytes = parsed.toByteArray().fill(0, 8);
  return `${ipaddr.fromByteArray(bytes).toString()}/64`;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** True for this machine's own addresses, and for what has none: sockets in memory. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost' || address === '') return true;
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}
