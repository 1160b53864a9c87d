import { z } from 'zod';
import { isKeyOf, listApiKeys } from '../../../shared/accounts/sql/api-keys.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageOf, pageQuery, toPage, unknownCursor } from '../../http/pages.ts';
import { apiKeySchema, toApiKey } from '../../http/schemas.ts';

/** `GET /v1/keys`: the account's keys that are not revoked, newest first, without their secrets. */
export function listKeys(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/keys',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['account'],
        summary: 'The keys of the account',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(apiKeySchema) },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const accountId = accountOf(request);
      if (after !== undefined && !(await isKeyOf(deps.sql, { accountId, keyId: after })))
        throw unknownCursor();
      const keys = await listApiKeys(deps.sql, { accountId, after, limit });
      return toPage(keys.map(toApiKey), limit);
    },
  );
}
