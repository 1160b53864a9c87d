import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { Refusal } from '../../../shared/domain/errors.ts';
import type { App } from '../../http/app.ts';
import { answerError } from '../../http/problem.ts';
import { setScopeOfPlugin } from '../../http/scopes.ts';

/** A BullMQ queue, as Bull Board takes it. */
export type ShownQueue = ConstructorParameters<typeof BullMQAdapter>[0];

const path = '/admin/queues';

/**
 * Bull Board at `/admin/queues`: the tickets, for the operator, to look at and not to touch. The browser asks for the
 * operator's key by Basic authentication (any user name). Its answers may load nothing from elsewhere.
 */
export async function showQueues(app: App, deps: { queues: ShownQueue[] }): Promise<void> {
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
