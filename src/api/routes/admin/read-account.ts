import { findAccount } from '../../../shared/accounts/sql/accounts.ts';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountSchema, idParams, toAccount } from '../../http/schemas.ts';

/** `GET /v1/admin/accounts/{id}`: one account with its balances and settings. */
export function readAccount(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/accounts/:id',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'One account',
        params: idParams,
        response: { 200: accountSchema },
      },
    },
    async (request) => {
      const account = await findAccount(deps.sql, request.params.id);
      if (account === null) throw notFound('account');
      return toAccount(account);
    },
  );
}
