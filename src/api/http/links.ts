import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createProxyTest } from './client-address.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** A link to a path of ours, as the client of this request can follow it. */
    linkTo(path: string): string;
  }
}

/**
 * Gives every request its `linkTo`. With PUBLIC_URL they begin with it. Without, they begin with the host the
 * client called where that is surely this server: it came through a trusted proxy (X-Forwarded-Host, -Proto
 * and -Prefix), or it is the address of the connection. Any other host is only a text that the client sent,
 * and a link to it could take a key there; then the link is the path alone, which clients resolve against the
 * address they know.
 */
export function decorateLinks(
  app: FastifyInstance,
  http: { publicUrl: string | null; trustProxy: string[] },
): void {
  const isProxy = createProxyTest(http.trustProxy);
  app.decorateRequest('linkTo', function linkTo(this: FastifyRequest, path: string): string {
    if (http.publicUrl !== null) return http.publicUrl + path;
    const base = `${this.protocol}://${this.host}`;
    if (isProxy(this.raw.socket.remoteAddress ?? '')) return base + prefixOf(this) + path;
    return isOwnAddress(this) ? base + path : path;
  });
}

/** Puts PUBLIC_URL before what `Location` says of our own paths. */
export function completeLocations(app: FastifyInstance, publicUrl: string | null): void {
  if (publicUrl === null) return;
  app.addHook('onSend', async (_request, reply, payload) => {
    const location = reply.getHeader('location');
    if (typeof location === 'string' && location.startsWith('/v1/'))
      reply.header('location', publicUrl + location);
    return payload;
  });
}

/** What a proxy took off the path before it passed the request on. */
function prefixOf(request: FastifyRequest): string {
  const prefix = request.headers['x-forwarded-prefix'];
  return typeof prefix === 'string' && /^(?:\/[\w.~-]+)+$/.test(prefix) ? prefix : '';
}

/** Whether the client called this server by the address it is connected to, or as localhost. */
function isOwnAddress(request: FastifyRequest): boolean {
  const { localAddress = '', localPort } = request.raw.socket;
  const address = localAddress.replace(/^::ffff:(?=\d)/, '');
  const names = [address.includes(':') ? `[${address}]` : address, 'localhost'];
  return names.some((name) => request.host === `${name}:${localPort}`);
}
