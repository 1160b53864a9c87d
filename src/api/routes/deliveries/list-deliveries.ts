import { z } from 'zod';
import type { Database } from '../../../shared/sql/database.ts';
import { listDeliveries as listStoredDeliveries } from '../../../shared/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageQuery, toPage } from '../../http/pages.ts';
import { toDelivery } from './delivery-object.ts';

/** GET /v1/deliveries: the account's webhooks, newest first, with every try. */
export function listDeliveries(app: App, deps: { sql: Database }): void {
  const schema = { querystring: z.strictObject({ ...pageQuery, job_id: z.string().optional() }) };
  app.get('/v1/deliveries', { config: { scope: 'read' }, schema }, async (request) => {
    const { limit, after, job_id: jobId } = request.query;
    const filter = { accountId: accountOf(request), jobId: jobId ?? null, after: after ?? null, limit };
    return toPage((await listStoredDeliveries(deps.sql, filter)).map(toDelivery), limit);
  });
}
