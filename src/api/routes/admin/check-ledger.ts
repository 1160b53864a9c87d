import { z } from 'zod';
import { checkLedger as proveLedger } from '../../../shared/money/sql/ledger-check.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';

/**
 * `GET /v1/admin/ledger/check`: every promise about money, proved on live data; `rows` counts what breaks it.
 */
export function checkLedger(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/ledger/check',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Prove the ledger on live data',
        response: {
          200: z.object({
            ok: z.boolean(),
            checks: z.array(z.object({ name: z.string(), ok: z.boolean(), rows: z.number().int() })),
          }),
        },
      },
    },
    async () => {
      const checks = await proveLedger(deps.sql);
      return { ok: checks.every((check) => check.ok), checks };
    },
  );
}
