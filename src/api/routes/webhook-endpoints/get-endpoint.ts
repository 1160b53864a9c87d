import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { findEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { endpointSchema, toEndpoint } from './endpoint-object.ts';

/** `GET /v1/webhook_endpoints/{id}`. */
export function getEndpoint(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['webhooks'],
        summary: 'A webhook endpoint',
        params: idParams,
        response: { 200: endpointSchema },
      },
    },
    async (request) => {
      const endpoint = await findEndpoint(deps.sql, accountOf(request), request.params.id);
      if (endpoint === null) throw notFound('webhook endpoint');
      return toEndpoint(endpoint);
    },
  );
}
