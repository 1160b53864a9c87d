import type { z } from 'zod';
import { findUsage } from '../../../shared/accounts/sql/account-usage.ts';
import { notFound } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { type LimitDeps, limitsSchema, toLimitsReply } from './limits-object.ts';

/** `GET /v1/limits`: how much the account may have or do of everything, and how much it has. */
export function getLimitsRoute(app: App, deps: LimitDeps): void {
  app.get(
    '/v1/limits',
    {
      config: { scope: 'read', refuses: [404] },
      schema: {
        operationId: 'getLimits',
        tags: ['account'],
        summary: 'What the account may have of everything, and has',
        response: { 200: limitsSchema },
      },
    },
    (request) => read(deps, accountOf(request)),
  );
}

/** `GET /v1/admin/accounts/{id}/limits`: the same, of any account. */
export function getAccountLimitsRoute(app: App, deps: LimitDeps): void {
  app.get(
    '/v1/admin/accounts/:id/limits',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'getAccountLimits',
        tags: ['operator'],
        summary: 'What an account may have of everything, and has',
        params: idParams,
        response: { 200: limitsSchema },
      },
    },
    (request) => read(deps, request.params.id),
  );
}

async function read(deps: LimitDeps, accountId: string): Promise<z.output<typeof limitsSchema>> {
  const [account, usage] = await Promise.all([deps.accounts.find(accountId), findUsage(deps.sql, accountId)]);
  if (account === null || usage === null) throw notFound('account');
  return toLimitsReply(deps, account, usage);
}
