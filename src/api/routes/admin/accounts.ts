import { z } from 'zod';
import {
  findAccount,
  insertAccount,
  listAccounts,
  updateAccount,
} from '../../../shared/accounts/sql/accounts.ts';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import { creditAccount } from '../../../shared/money/credit.ts';
import { quotaMax, quotas } from '../../../shared/platform/config/quotas.ts';
import type { Database, Transaction } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import type { AccountCache } from '../../auth/account-cache.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { pageQuery, toPage, unknownCursor } from '../../http/pages.ts';
import {
  accountIdSchema,
  accountListSchema,
  accountSchema,
  idParams,
  toAccount,
  usdAmount,
} from '../../http/schemas.ts';

/** `GET /v1/admin/accounts`: every account with its balances and settings, newest first. */
export function listAccountsRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/accounts',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listAccounts',
        tags: ['operator'],
        summary: 'List accounts',
        querystring: z.strictObject(pageQuery),
        response: { 200: accountListSchema },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      if (after !== undefined && (await findAccount(deps.sql, after)) === null) throw unknownCursor();
      return toPage((await listAccounts(deps.sql, { limit, after })).map(toAccount), limit);
    },
  );
}

const accountRequest = z.strictObject({
  id: accountIdSchema.optional(),
  name: z.string().min(1).max(200),
  credit_usd: usdAmount.refine((amount) => amount >= 0n, { error: 'must not be negative' }).optional(),
});

/**
 * `POST /v1/admin/accounts`: a new account, with money when `credit_usd` is given. An id that is taken is a
 * 409.
 */
export function createAccountRoute(
  app: App,
  deps: { sql: Database; accounts: Pick<AccountCache, 'drop'> },
): void {
  app.post(
    '/v1/admin/accounts',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'createAccount',
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
      deps.accounts.drop(id);
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

/** `GET /v1/admin/accounts/{id}`: one account with its balances and settings. */
export function getAccountRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/accounts/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'getAccount',
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

/** A limit, or null for the installation's default. */
const limit = (max: number) => z.number().int().min(1).max(max).nullable().optional();

/** Every quota by its name, but those that have a field of their own. */
const limits = z
  .strictObject(
    Object.fromEntries(
      quotas
        .filter(({ name }) => name !== 'unfinished_jobs')
        .map(({ name, unit }) => [name, limit(quotaMax[unit])]),
    ),
  )
  .describe('By the names of GET /v1/limits; unfinished_jobs is max_queue_depth');

const accountChanges = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  paused: z.boolean().optional(),
  weight: z.number().int().min(1).max(1000).optional(),
  max_concurrency: limit(1_000_000),
  max_queue_depth: limit(1_000_000_000),
  requests_per_minute: limit(10_000_000),
  default_max_output_tokens: limit(16_384),
  limits: limits.optional(),
});

/**
 * `PATCH /v1/admin/accounts/{id}`: changes settings; they act within a second. A limit of null is the default
 * again.
 */
export function updateAccountRoute(
  app: App,
  deps: { sql: Database; accounts: Pick<AccountCache, 'drop'>; signals: Pick<Signals, 'publish'> },
): void {
  app.patch(
    '/v1/admin/accounts/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'updateAccount',
        tags: ['operator'],
        summary: 'Change the settings of an account',
        params: idParams,
        body: accountChanges,
        response: { 200: accountSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { body } = request;
      const changed = await updateAccount(deps.sql, id, {
        name: body.name,
        paused: body.paused,
        weight: body.weight,
        maxConcurrency: body.max_concurrency,
        maxQueueDepth: body.max_queue_depth,
        requestsPerMinute: body.requests_per_minute,
        defaultMaxOutputTokens: body.default_max_output_tokens,
        limits: body.limits,
      });
      deps.accounts.drop(id);
      // What waits may be due now.
      deps.signals.publish('backlog');
      const account = changed ? await findAccount(deps.sql, id) : null;
      if (account === null) throw notFound('account');
      return toAccount(account);
    },
  );
}
