import { z } from 'zod';
import { findAccount } from '../../../shared/accounts/sql/accounts.ts';
import { notFound } from '../../../shared/errors.ts';
import { type Limits, limitsOf } from '../../../shared/platform/config/quotas.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import type { ApiKeys } from '../../auth/api-keys.ts';
import { issueKey, keyRequest, newKeySchema } from '../../auth/issue-key.ts';
import type { App } from '../../http/app.ts';
import { endKey } from '../../http/end-key.ts';
import { idempotent } from '../../http/idempotent.ts';
import { deletedSchema, idParams } from '../../http/schemas.ts';

/**
 * `POST /v1/admin/accounts/{id}/keys`: a new key of an account, with any scopes. Its secret is shown this
 * once.
 */
export function createAccountKeyRoute(
  app: App,
  deps: { sql: Database; config: { secretsKey: SecretsKey; limits: Limits } },
): void {
  app.post(
    '/v1/admin/accounts/:id/keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'createAccountKey',
        tags: ['operator'],
        summary: 'Make a key of an account',
        params: idParams,
        body: keyRequest.nullable().transform((body) => body ?? keyRequest.parse({})),
        response: { 201: newKeySchema },
      },
    },
    async (request, reply) => {
      const accountId = request.params.id;
      reply.header('cache-control', 'no-store');
      const { scopes, expires_at: expiresAt = null } = request.body;
      const work = async (tx: Parameters<typeof issueKey>[0]) => {
        const account = await findAccount(tx, accountId);
        if (account === null) throw notFound('account');
        const { keys: keysMax } = limitsOf(deps.config.limits, account);
        // An operator's key that another one makes ends with it; a tenant's key is his, whoever among the
        // operators made it.
        const parentId = scopes.includes('admin') ? request.caller.keyId : null;
        return { status: 201, body: await issueKey(tx, { accountId, scopes, expiresAt, parentId, keysMax }) };
      };
      return await idempotent(request, reply, deps, work, { sealWith: deps.config.secretsKey });
    },
  );
}

/**
 * `DELETE /v1/admin/accounts/{id}/keys/{key_id}`: revokes a key and those it made, here at once and
 * everywhere within 5 s.
 */
export function deleteAccountKeyRoute(
  app: App,
  deps: { sql: Database; apiKeys: Pick<ApiKeys, 'drop'> },
): void {
  app.delete(
    '/v1/admin/accounts/:id/keys/:key_id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'deleteAccountKey',
        tags: ['operator'],
        summary: 'Revoke a key of an account',
        params: z.object({ id: z.string(), key_id: z.string() }),
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      const { id: accountId, key_id: keyId } = request.params;
      return await endKey(deps, request.caller, { accountId, keyId });
    },
  );
}
