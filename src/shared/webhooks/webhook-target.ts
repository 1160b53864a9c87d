import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Problem } from '../errors.ts';

export type TargetPolicy = {
  /** Also contact loopback and private ranges, and plain http: local development and tests. */
  allowPrivate: boolean;
};

const urlLengthMax = 2048;

/**
 * The clouds' own services. Most are link-local and refused as such; these lie in private or public ranges:
 * AWS and Google over IPv6, Azure's wire server.
 */
const metadataAddresses = new Set(['fd00:ec2::254', 'fd20:ce::254', '168.63.129.16']);

/** What `allowPrivate` opens: loopback and private networks. */
const insideRanges = new Set<string>(['loopback', 'private', 'uniqueLocal']);

/**
 * Some unicast ranges of IPv6 are not the internet: only 2000::/3 is given out (RFC 4291 and IANA's
 * registry).
 */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Whether a webhook may be sent to this address, in any notation Node gives addresses in. */
export function mayContact(address: string, policy: TargetPolicy): boolean {
  // Without the zone: fe80::1%eth0.
  const bare = address.split('%', 1)[0] ?? '';
  if (isIP(bare) === 0) return false;
  const parsed = ipaddr.process(bare);
  if (metadataAddresses.has(parsed.toString())) return false;
  const range = parsed.range();
  if (range === 'unicast') return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(globalUnicast);
  return policy.allowPrivate && insideRanges.has(range);
}

/** The host of a URL without the brackets of an IPv6 literal. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * What is wrong with a webhook URL, or null. A courtesy at intake: names are not resolved here, and the
 * connection checks every address again. The message says what would do.
 */
export function checkWebhookUrl(text: string, policy: TargetPolicy): Problem | null {
  const message = findFault(text, policy);
  return message === null ? null : { param: 'webhook_url', message };
}

function findFault(text: string, policy: TargetPolicy): string | null {
  if (text.length > urlLengthMax) return `must be at most ${urlLengthMax} characters`;
  if (!URL.canParse(text)) return 'must be an absolute URL such as "https://example.com/hook"';
  // The parser drops these silently, and what is stored would not be what is sent.
  if (/[\s\\]/.test(text)) return 'must not hold white space or backslashes';
  if (/\p{Cf}/u.test(text)) return 'must not hold characters that cannot be seen';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowPrivate)) {
    return policy.allowPrivate ? 'must begin with https:// or http://' : 'must begin with https://';
  }
  if (!/^https?:\/\/[^/]/i.test(text)) return 'must be an absolute URL such as "https://example.com/hook"';
  if (url.username !== '' || url.password !== '' || authorityOf(text).includes('@')) {
    return 'must not hold a user name or a password';
  }
  if (text.includes('#')) return 'must not have a fragment (#…)';
  return findHostFault(url, policy);
}

function findHostFault(url: URL, policy: TargetPolicy): string | null {
  const host = hostOf(url);
  if (host === '') return 'must name a host';
  if (isIP(host) === 0 && !canBeName(host)) return 'must name a host that can exist';
  if (!mayContactPort(url.port, policy)) return 'must have no port, or 443, 8443 or one from 1024 on';
  if (isIP(host) !== 0 && !mayContact(host, policy)) return 'must not point into a private or local network';
  const isLocalName = /(^|\.)localhost\.?$/.test(host);
  if (isLocalName && !policy.allowPrivate) return 'must not point into a private or local network';
  if (isIP(host) === 0 && !host.includes('.') && !policy.allowPrivate) return 'must name a public host';
  return null;
}

/** As names in the DNS are made: labels of up to 63 characters, 253 together. */
function canBeName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return name.length <= 253 && name.split('.').every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label));
}

/**
 * Whether a webhook may go to this port of a URL ('' for that of its scheme). Below 1024 stand other services
 * than web servers, and a tenant is not to make us knock there.
 */
export function mayContactPort(port: string, { allowPrivate }: TargetPolicy): boolean {
  return allowPrivate || port === '' || ['443', '8443'].includes(port) || Number(port) >= 1024;
}

function authorityOf(text: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
}
