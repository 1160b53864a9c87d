import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { deleteEndpoint as removeEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { deletedSchema, idParams } from '../../http/schemas.ts';

/**
 * `DELETE /v1/webhook_endpoints/{id}`: nothing is sent there any more; what is still owed to it is given up.
 */
export function deleteEndpoint(app: App, deps: { sql: Database; signals: Pick<Signals, 'publish'> }): void {
  app.delete(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['webhooks'],
        summary: 'Delete a webhook endpoint',
        params: idParams,
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await removeEndpoint(deps.sql, accountOf(request), id))) throw notFound('webhook endpoint');
      deps.signals.publish('endpoints');
      return { id, object: 'webhook_endpoint.deleted', deleted: true as const };
    },
  );
}
