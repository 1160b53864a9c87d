import { z } from 'zod';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { listDeliveries as readDeliveries } from '../../../shared/webhooks/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { deliverySchema, toDelivery } from './delivery-object.ts';

/** `GET /v1/deliveries`: the webhooks of an account, newest first, each with its attempts. */
export function listDeliveries(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/deliveries',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['webhooks'],
        summary: 'Webhooks sent and owed, newest first',
        querystring: z.strictObject({
          ...pageQuery,
          after: cursorOf('dlv'),
          job_id: z.string().max(300).optional(),
          endpoint_id: z.string().max(300).optional(),
          status: deliverySchema.shape.status.optional(),
        }),
        response: { 200: pageOf(deliverySchema) },
      },
    },
    async (request) => {
      const { limit, after = null, job_id: jobId = null, endpoint_id: endpointId = null } = request.query;
      const state = request.query.status ?? null;
      const filter = { accountId: accountOf(request), jobId, endpointId, state, after, limit };
      return toPage((await readDeliveries(deps.sql, filter)).map(toDelivery), limit);
    },
  );
}
