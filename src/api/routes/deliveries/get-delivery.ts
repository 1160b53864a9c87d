import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { findDelivery } from '../../../shared/webhooks/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { deliverySchema, toDelivery } from './delivery-object.ts';

/** `GET /v1/deliveries/{id}`: one webhook with every attempt. */
export function getDelivery(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/deliveries/:id',
    {
      config: { scope: 'read' },
      schema: {
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
