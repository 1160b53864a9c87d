import { z } from 'zod';
import { findAccount, listAccounts as listStoredAccounts } from '../../../shared/accounts/sql/accounts.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { pageOf, pageQuery, toPage, unknownCursor } from '../../http/pages.ts';
import { accountSchema, toAccount } from '../../http/schemas.ts';

/** `GET /v1/admin/accounts`: every account with its balances and settings, newest first. */
export function listAccounts(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/accounts',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'List accounts',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(accountSchema) },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      if (after !== undefined && (await findAccount(deps.sql, after)) === null) throw unknownCursor();
      return toPage((await listStoredAccounts(deps.sql, { limit, after })).map(toAccount), limit);
    },
  );
}
