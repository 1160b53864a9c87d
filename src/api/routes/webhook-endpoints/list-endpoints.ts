import { z } from 'zod';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { listEndpoints as readEndpoints } from '../../../shared/webhooks/sql/endpoints.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { cursorOf, pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { endpointSchema, toEndpoint } from './endpoint-object.ts';

/** `GET /v1/webhook_endpoints`: the endpoints of an account, newest first, without their secrets. */
export function listEndpoints(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/webhook_endpoints',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['webhooks'],
        summary: 'The webhook endpoints of the account',
        querystring: z.strictObject({ ...pageQuery, after: cursorOf('whe') }),
        response: { 200: pageOf(endpointSchema) },
      },
    },
    async (request) => {
      const { limit, after = null } = request.query;
      const endpoints = await readEndpoints(deps.sql, { accountId: accountOf(request), after, limit });
      return toPage(endpoints.map(toEndpoint), limit);
    },
  );
}
