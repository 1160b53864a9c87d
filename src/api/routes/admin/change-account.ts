import { z } from 'zod';
import { findAccount, updateAccount } from '../../../shared/accounts/sql/accounts.ts';
import { notFound } from '../../../shared/errors.ts';
import { quotaMax, quotas } from '../../../shared/platform/config/quotas.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { AccountCache } from '../../auth/account-cache.ts';
import type { App } from '../../http/app.ts';
import { accountSchema, idParams, toAccount } from '../../http/schemas.ts';

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
export function changeAccount(
  app: App,
  deps: { sql: Database; accounts: Pick<AccountCache, 'forget'> },
): void {
  app.patch(
    '/v1/admin/accounts/:id',
    {
      config: { scope: 'admin' },
      schema: {
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
      deps.accounts.forget(id);
      const account = changed ? await findAccount(deps.sql, id) : null;
      if (account === null) throw notFound('account');
      return toAccount(account);
    },
  );
}
