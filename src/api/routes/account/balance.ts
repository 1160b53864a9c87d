import { z } from 'zod';
import { invalid, notFound } from '../../../shared/errors.ts';
import { findBalance } from '../../../shared/money/sql/balances.ts';
import { listEntries } from '../../../shared/money/sql/entries.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { listedId, pageQuery, toPage } from '../../http/pages.ts';
import { balanceSchema, toBalance, toTransaction, transactionListSchema } from '../../http/schemas.ts';

/** `GET /v1/balance`: what the account can spend, what is set aside for jobs under way, and both together. */
export function getBalanceRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/balance',
    {
      config: { scope: 'read', refuses: [404] },
      schema: {
        operationId: 'getBalance',
        tags: ['account'],
        summary: 'What the account can spend and what is held',
        response: {
          200: balanceSchema,
        },
      },
    },
    async (request) => {
      const balance = await findBalance(deps.sql, accountOf(request));
      if (balance === null) throw notFound('account');
      return toBalance(balance);
    },
  );
}

/** `GET /v1/transactions`: the account's statement, newest first. Entries are never edited. */
export function listTransactionsRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/transactions',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listTransactions',
        tags: ['account'],
        summary: 'The statement, newest first',
        querystring: z.strictObject({
          ...pageQuery,
          after: listedId({ type: 'string', pattern: '^txn_\\d{1,18}$' }).optional(),
        }),
        response: { 200: transactionListSchema },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const page = { accountId: accountOf(request), after: readEntryId(after), limit };
      return toPage((await listEntries(deps.sql, page)).map(toTransaction), limit);
    },
  );
}

/** `txn_42` → `42n`; at most 18 digits, which every bigint holds. */
function readEntryId(after: string | undefined): bigint | null {
  if (after === undefined) return null;
  const [, digits] = /^txn_(\d{1,18})$/.exec(after) ?? [];
  if (digits === undefined) {
    throw invalid([{ param: 'after', message: 'must be the id of a transaction, such as "txn_42"' }]);
  }
  return BigInt(digits);
}
