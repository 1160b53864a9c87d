import { z } from 'zod';
import { findAccount, insertAccount } from '../../../shared/accounts/sql/accounts.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import { creditAccount } from '../../../shared/money/credit.ts';
import type { Database, Transaction } from '../../../shared/platform/postgres/database.ts';
import type { AccountCache } from '../../auth/account-cache.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { accountIdSchema, accountSchema, toAccount, usdAmount } from '../../http/schemas.ts';

const accountRequest = z.strictObject({
  id: accountIdSchema.optional(),
  name: z.string().min(1).max(200),
  credit_usd: usdAmount.refine((amount) => amount >= 0n, { error: 'must not be negative' }).optional(),
});

/**
 * `POST /v1/admin/accounts`: a new account, with money when `credit_usd` is given. An id that is taken is a
 * 409.
 */
export function createAccount(
  app: App,
  deps: { sql: Database; accounts: Pick<AccountCache, 'forget'> },
): void {
  app.post(
    '/v1/admin/accounts',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Create an account',
        body: accountRequest,
        response: { 201: accountSchema },
      },
    },
    async (request, reply) => {
      const { id = newId('acct'), name, credit_usd: credit = 0n } = request.body;
      const answer = await idempotent(request, reply, deps, async (tx) => ({
        status: 201,
        body: toAccount(await openAccount(tx, { id, name, credit })),
        location: `/v1/admin/accounts/${encodeURIComponent(id)}`,
      }));
      deps.accounts.forget(id);
      return answer;
    },
  );
}

async function openAccount(tx: Transaction, asked: { id: string; name: string; credit: bigint }) {
  const { id, name, credit } = asked;
  if (!(await insertAccount(tx, { id, name }))) {
    throw new Refusal('invalid_state', `There is an account ${JSON.stringify(id)} already`);
  }
  if (credit > 0n) {
    await creditAccount(tx, { accountId: id, amountNano: credit, description: 'opening credit' });
  }
  const account = await findAccount(tx, id);
  if (account === null) throw notFound('account');
  return account;
}
