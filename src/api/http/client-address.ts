import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Names that stand for ranges, as Fastify's `trustProxy` takes them. */
const namedRanges: Record<string, string[]> = {
  loopback: ['127.0.0.1/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

type Range = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/**
 * Finds the address a request really comes from: the connection's own, or, when that is a trusted proxy, the
 * nearest one in X-Forwarded-For that is not. Whatever a stranger put in front of what the proxies wrote is
 * never reached, and a text that is no address is not taken as one: then the proxy that passed it on is all
 * that is known.
 */
export function createClientAddress(trusted: string[]): (request: IncomingMessage) => string {
  const isTrusted = createProxyTest(trusted);

  return (request) => {
    let address = bare(request.socket.remoteAddress ?? '');
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (forwarded.length > 0 && isTrusted(address)) {
      const next = readForwarded(forwarded.pop() ?? '');
      if (next === null) break;
      address = next;
    }
    return address;
  };
}

/** Tells whether an address is that of a trusted proxy. */
export function createProxyTest(trusted: string[]): (address: string) => boolean {
  const ranges = trusted.flatMap((part) => namedRanges[part] ?? [part]).map(toRange);
  return (address) => ranges.some((range) => isIn(bare(address), range));
}

/**
 * An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`,
 * `[2001:db8::1]:4711`; null for else.
 */
export function readForwarded(text: string): string | null {
  const plain = text.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(plain) ?? [];
  const [, withPort] = /^([\d.]+):\d{1,5}$/.exec(plain) ?? [];
  const address = bare(bracketed ?? withPort ?? plain);
  return isIP(address) === 0 ? null : address;
}

/** Without the zone of a link-local address, and IPv4 as IPv4 also on a socket that takes both. */
function bare(address: string): string {
  return (address.split('%', 1)[0] ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function toRange(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isIn(address: string, [network, bits]: Range): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  return parsed.kind() === network.kind() && parsed.match([network, bits] as [ipaddr.IPv4, number]);
}
