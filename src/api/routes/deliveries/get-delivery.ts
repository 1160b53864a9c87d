import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findDelivery } from '../../../shared/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { toDelivery } from './delivery-object.ts';

/** GET /v1/deliveries/{id}: one webhook, with every try. */
export function getDelivery(app: App, deps: { sql: Database }): void {
  const schema = { params: z.object({ id: z.string() }) };
  app.get('/v1/deliveries/:id', { config: { scope: 'read' }, schema }, async (request) => {
    const row = await findDelivery(deps.sql, accountOf(request), request.params.id);
    if (row === null) throw notFound('delivery');
    return toDelivery(row);
  });
}
