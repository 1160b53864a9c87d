import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { findBalance } from '../../../shared/money/sql/balances.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { toBalance } from '../../http/schemas.ts';

/** `GET /v1/balance`: what the account can spend, what is set aside for jobs under way, and both together. */
export function readBalance(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/balance',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['account'],
        summary: 'What the account can spend and what is held',
        response: {
          200: z.object({ available_usd: z.string(), held_usd: z.string(), total_usd: z.string() }),
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
