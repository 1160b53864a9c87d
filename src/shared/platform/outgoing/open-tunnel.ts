import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';

/**
 * A connection to `host:port` through a proxy, asked for by CONNECT (RFC 9110, 9.3.6), with the user and
 * password of the proxy's URL. Rejects when the proxy refuses, or has not made it after `timeoutMs`.
 */
export async function openTunnel(proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  const ask = proxy.protocol === 'https:' ? requestHttps : requestHttp;
  const { username, password } = proxy;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const asked = ask({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    ...(proxy.port === '' ? {} : { port: Number(proxy.port) }),
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: { host: authority, ...(username === '' ? {} : { 'proxy-authorization': authorization }) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  return await new Promise((resolve, reject) => {
    asked.once('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new ProxyRefusal(`the proxy answered CONNECT with ${statusCode}`));
    });
    asked.once('response', (answer) => {
      answer.destroy();
      reject(new ProxyRefusal(`the proxy answered CONNECT with ${answer.statusCode}`));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** The proxy was there and would not. */
class ProxyRefusal extends Error {
  readonly code = 'proxy_refused';
}
