import type { FastifyInstance } from 'fastify';

/**
 * Leads a browser that opens the bare address to the pages of the documentation. Everybody else, and every
 * other method, goes on as if there were nothing here.
 */
export function leadToDocs(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET' || !/^\/(?:\?|$)/.test(request.url)) return undefined;
    if (!(request.headers.accept ?? '').includes('text/html')) return undefined;
    return reply.header('vary', 'accept').redirect(request.linkTo('/docs/'));
  });
}
