import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { Database, Transaction } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { findDelivery, listDeliveries, restartDelivery } from '../../../shared/webhooks/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { cursorOf, pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';
import { deliverySchema, toDelivery } from './delivery-object.ts';

/** `GET /v1/deliveries`: the webhooks of an account, newest first, each with its attempts. */
export function listDeliveriesRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/deliveries',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listDeliveries',
        tags: ['webhooks'],
        summary: 'Webhooks sent and owed, newest first',
        querystring: z.strictObject({
          ...pageQuery,
          after: cursorOf('dlv'),
          job_id: z.string().max(300).optional(),
          endpoint_id: z.string().max(300).optional(),
          status: deliverySchema.shape.status.optional(),
        }),
        response: { 200: component('DeliveryList', pageOf(deliverySchema)) },
      },
    },
    async (request) => {
      const { limit, after = null, job_id: jobId = null, endpoint_id: endpointId = null } = request.query;
      const state = request.query.status ?? null;
      const filter = { accountId: accountOf(request), jobId, endpointId, state, after, limit };
      return toPage((await listDeliveries(deps.sql, filter)).map(toDelivery), limit);
    },
  );
}

/** `GET /v1/deliveries/{id}`: one webhook with every attempt. */
export function getDeliveryRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/deliveries/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getDelivery',
        tags: ['webhooks'],
        summary: 'A webhook and every attempt to send it',
        params: idParams,
        response: { 200: deliverySchema },
      },
    },
    async (request) => {
      const row = await findDelivery(deps.sql, accountOf(request), request.params.id);
      if (row === null) throw notFound('delivery');
      return toDelivery(row);
    },
  );
}

/**
 * `POST /v1/deliveries/{id}/replay`: sends a webhook again, with the same id and the same bytes, and with a
 * whole chain of retries. 409 while it is being sent, when its content was erased, and while its endpoint is
 * disabled.
 */
export function replayDeliveryRoute(
  app: App,
  deps: { sql: Database; signals: Pick<Signals, 'publish'> },
): void {
  app.post(
    '/v1/deliveries/:id/replay',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'replayDelivery',
        tags: ['webhooks'],
        summary: 'Send a webhook again',
        params: idParams,
        response: { 202: deliverySchema },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { id } = request.params;
      const answer = await idempotent(request, reply, deps, async (tx) => ({
        status: 202,
        body: await restart(tx, accountId, id),
      }));
      deps.signals.publish('deliveries');
      return answer;
    },
  );
}

async function restart(tx: Transaction, accountId: string, id: string) {
  const restarted = await restartDelivery(tx, accountId, id);
  const row = await findDelivery(tx, accountId, id);
  if (row === null) throw notFound('delivery');
  if (restarted) return toDelivery(row);
  throw new Refusal(
    'invalid_state',
    'This delivery is being sent at this moment, its content was erased, or its endpoint is disabled; look at it again in a minute',
  );
}
