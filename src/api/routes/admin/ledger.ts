import { z } from 'zod';
import { creditAccount } from '../../../shared/money/credit.ts';
import { checkLedger } from '../../../shared/money/sql/ledger-check.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams, toTransaction, transactionSchema, usdAmount } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';

const creditRequest = z.strictObject({
  amount_usd: usdAmount.refine((amount) => amount !== 0n, { error: 'must not be zero' }),
  description: z.string().min(1).max(1000).default('credit by the operator'),
});

/**
 * `POST /v1/admin/accounts/{id}/credits`: puts money in (a deposit) or, with a negative amount, takes back
 * what is available (an adjustment; 402 when it is more). Send an Idempotency-Key: then no retry pays twice.
 */
export function createCreditRoute(app: App, deps: { sql: Database }): void {
  app.post(
    '/v1/admin/accounts/:id/credits',
    {
      config: { scope: 'admin', refuses: [402] },
      schema: {
        operationId: 'createCredit',
        tags: ['operator'],
        summary: 'Put money into an account, or take it back',
        params: idParams,
        body: creditRequest,
        response: { 201: transactionSchema },
      },
    },
    async (request, reply) => {
      const { amount_usd: amountNano, description } = request.body;
      const credit = { accountId: request.params.id, amountNano, description };
      return await idempotent(request, reply, deps, async (tx) => ({
        status: 201,
        body: toTransaction(await creditAccount(tx, credit)),
      }));
    },
  );
}

/**
 * `GET /v1/admin/ledger/check`: every promise about money, proved on live data; `rows` counts what breaks it.
 */
export function checkLedgerRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/ledger/check',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'checkLedger',
        tags: ['operator'],
        summary: 'Prove the ledger on live data',
        response: {
          200: component(
            'LedgerCheck',
            z.object({
              ok: z.boolean(),
              checks: z.array(z.object({ name: z.string(), ok: z.boolean(), rows: z.number().int() })),
            }),
          ),
        },
      },
    },
    async () => {
      const checks = await checkLedger(deps.sql);
      return { ok: checks.every((check) => check.ok), checks };
    },
  );
}
