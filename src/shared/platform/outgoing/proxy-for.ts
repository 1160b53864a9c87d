/**
 * The proxies of the installation, as everybody's HTTP_PROXY, HTTPS_PROXY and NO_PROXY say them; null for
 * none.
 */
export type ProxySettings = { http: string | null; https: string | null; except: string };

export const noProxy: ProxySettings = { http: null, https: null, except: '' };

/** Variables of everybody's, which some write in small letters. */
export const proxyNames: ReadonlySet<string> = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']);

type ProxyVariables = Partial<Record<'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY', string | undefined>>;

export function toProxySettings({ HTTP_PROXY, HTTPS_PROXY, NO_PROXY }: ProxyVariables): ProxySettings {
  return { http: HTTP_PROXY ?? null, https: HTTPS_PROXY ?? null, except: NO_PROXY ?? '' };
}

const usualPorts: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * The proxy that requests to this origin go through, or null. As undici reads the variables: without
 * HTTPS_PROXY that for http serves both; NO_PROXY lists names that stand for their subdomains too, with a
 * port or without, or `*`.
 */
export function proxyFor(origin: URL, { http, https, except }: ProxySettings): URL | null {
  const proxy = origin.protocol === 'https:' ? (https ?? http) : http;
  if (proxy === null) return null;
  const port = origin.port === '' ? usualPorts[origin.protocol] : origin.port;
  const isExcepted = except.split(/[,\s]+/).some((entry) => {
    if (entry === '*') return true;
    const [, name = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
    if (entry === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
    const host = name.replace(/^\*?\./, '').toLowerCase();
    return origin.hostname === host || origin.hostname.endsWith(`.${host}`);
  });
  return isExcepted ? null : new URL(proxy);
}
