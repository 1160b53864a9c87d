import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import type { News } from '../../../shared/news.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { findDelivery, replayDelivery as replayStored } from '../../../shared/sql/deliveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { toDelivery } from './delivery-object.ts';

/** POST /v1/deliveries/{id}/replay → 202: the same bytes under the same event id go out again, now. */
export function replayDelivery(app: App, deps: { sql: Database; news: Pick<News, 'send'> }): void {
  const schema = { params: z.object({ id: z.string() }) };
  app.post('/v1/deliveries/:id/replay', { config: { scope: 'jobs' }, schema }, async (request, reply) =>
    idempotent(request, reply, deps, async () => {
      const accountId = accountOf(request);
      const { id } = request.params;
      if (!(await replayStored(deps.sql, accountId, id))) throw notFound('delivery');
      deps.news.send('deliveries');
      const row = await findDelivery(deps.sql, accountId, id);
      if (row === null) throw notFound('delivery');
      return { status: 202, body: toDelivery(row) };
    }),
  );
}
