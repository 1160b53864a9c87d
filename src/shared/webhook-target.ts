import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type TargetPolicy = {
  /** Opens loopback and private ranges, for development and tests; never link-local or metadata addresses. */
  allowPrivate: boolean;
};

const urlLengthMax = 2048;

/** Addresses that ipaddr.js calls public and that lead inside all the same. */
const deniedHosts = ['168.63.129.16', '169.254.169.254', '100.100.100.200', 'fd00:ec2::254'];
const globalUnicastV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/** 100:0:0:1::/64, dummy addresses that ipaddr.js does not know. */
const dummyV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('100:0:0:1::'), 64];
const privateRanges = new Set(['loopback', 'private', 'uniqueLocal']);

/**
 * Why an address may not be contacted, or null when it may. Mapped IPv6 addresses are judged as the IPv4 addresses they
 * carry.
 */
export function refuseAddress(address: string, policy: TargetPolicy): string | null {
  if (!ipaddr.isValid(address)) return `${address} is not an address`;
  const parsed = ipaddr.process(address.replace(/%.*$/, ''));
  const normal = parsed.toString();
  if (deniedHosts.some((host) => ipaddr.process(host).toString() === normal))
    return `${normal} is a metadata address`;
  const range = parsed.range();
  if (policy.allowPrivate && privateRanges.has(range)) return null;
  if (range !== 'unicast') return `${normal} is not public (${range})`;
  if (parsed instanceof ipaddr.IPv6) {
    const inside = !parsed.match(...globalUnicastV6) || parsed.match(...dummyV6);
    if (inside) return `${normal} is not public`;
  }
  return null;
}

/**
 * What is wrong with a webhook URL, or null. Judges only what can be seen in it: a name that resolves to an inside address
 * is refused on every connection, since names change.
 */
export function checkWebhookUrl(text: string, policy: TargetPolicy): { message: string } | null {
  if (text.length > urlLengthMax) return { message: `is longer than ${urlLengthMax} characters` };
  if (!URL.canParse(text)) return { message: 'is not a URL; write it whole, like https://example.com/hooks' };
  const url = new URL(text);
  const allowed = policy.allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (!allowed.includes(url.protocol)) return { message: 'must start with https://' };
  if (url.username !== '' || url.password !== '')
    return { message: 'must not carry a user name or password' };
  if (url.hash !== '') return { message: 'must not carry a fragment' };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? refuseName(host, policy) : refuseAddress(host, policy);
  return refusal === null ? null : { message: `points at an address that is not public: ${refusal}` };
}

/** Names that mean this machine by definition (RFC 6761). */
function refuseName(host: string, policy: TargetPolicy): string | null {
  const isLocal = /(^|\.)localhost\.?$/i.test(host);
  return isLocal && !policy.allowPrivate ? `${host} is this machine` : null;
}
