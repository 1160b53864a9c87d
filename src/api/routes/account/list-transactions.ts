import { z } from 'zod';
import { invalid } from '../../../shared/errors.ts';
import { listEntries } from '../../../shared/money/sql/entries.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { toTransaction, transactionSchema } from '../../http/schemas.ts';

/** `GET /v1/transactions`: the account's statement, newest first. Entries are never edited. */
export function listTransactions(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/transactions',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['account'],
        summary: 'The statement, newest first',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(transactionSchema) },
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
