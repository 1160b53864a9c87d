import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { RouteHandlerMethod } from 'fastify';
import { Refusal } from '../../../shared/errors.ts';
import { resultWithin, TimedOut } from '../../../shared/platform/wait-at-most.ts';
import type { App } from '../../http/app.ts';
import { answerError } from '../../http/problem.ts';
import { setScopeOfPlugin } from '../../http/scopes.ts';

/** A BullMQ queue, as Bull Board takes it. */
export type ShownQueue = ConstructorParameters<typeof BullMQAdapter>[0];

const path = '/admin/queues';
const readMsMax = 4000;

/**
 * Bull Board at `/admin/queues`: the tickets, for the operator, to look at and not to touch. The browser asks
 * for the operator's key by Basic authentication (any user name). Its answers may load nothing from
 * elsewhere.
 */
export async function queueBoardRoute(app: App, deps: { queues: ShownQueue[] }): Promise<void> {
  const adapter = new FastifyAdapter();
  createBullBoard({
    queues: deps.queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Gateway queues' } },
  });
  adapter.setBasePath(path);
  await app.register(
    async (board) => {
      setScopeOfPlugin(board, { scope: 'admin', basic: true });
      board.addHook('onRoute', (route) => {
        // The board's own handler would turn our refusals into errors of the server.
        route.errorHandler = answerError;
        if (route.url.startsWith(`${path}/api/`)) route.handler = bounded(route.handler);
      });
      board.addHook('onRequest', async (request, reply) => {
        reply.header(
          'content-security-policy',
          "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
        );
        if (request.method === 'GET' || request.method === 'HEAD') return;
        throw new Refusal('permission_denied', 'The board is read-only');
      });
      await board.register(adapter.registerPlugin());
    },
    { prefix: path },
  );
}

/** The queues wait for Redis as long as it takes; whoever looks at them sees that it does not answer. */
function bounded(handler: RouteHandlerMethod): RouteHandlerMethod {
  return async function (request, reply) {
    const reading = Promise.resolve(handler.call(this, request, reply));
    return await resultWithin(readMsMax, reading, 'redis').catch((error: unknown) => {
      if (!(error instanceof TimedOut)) throw error;
      throw new Refusal(
        'unavailable',
        'The queues cannot be read: Redis does not answer; try again',
        {},
        error,
      );
    });
  };
}
