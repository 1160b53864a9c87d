import { z } from 'zod';
import { isKeyOf, listApiKeys } from '../../../shared/accounts/sql/api-keys.ts';
import { Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import type { ApiKeys } from '../../auth/api-keys.ts';
import { issueKey, keyRequest, newKeySchema } from '../../auth/issue-key.ts';
import type { App } from '../../http/app.ts';
import { accountOf, limitOf } from '../../http/caller.ts';
import { endKey } from '../../http/end-key.ts';
import { idempotent } from '../../http/idempotent.ts';
import { listedId, pageQuery, toPage, unknownCursor } from '../../http/pages.ts';
import { apiKeyListSchema, deletedSchema, toApiKey } from '../../http/schemas.ts';

const keyCursor = listedId({
  type: 'string',
  pattern: '^[0-9a-f]{20}$',
  description: 'The id of a key of this account',
});

/** `GET /v1/keys`: the account's keys that are not revoked, newest first, without their secrets. */
export function listKeysRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/keys',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listKeys',
        tags: ['account'],
        summary: 'The keys of the account',
        querystring: z.strictObject({ ...pageQuery, after: keyCursor.optional() }),
        response: { 200: apiKeyListSchema },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const accountId = accountOf(request);
      if (after !== undefined && !(await isKeyOf(deps.sql, { accountId, keyId: after })))
        throw unknownCursor();
      const keys = await listApiKeys(deps.sql, { accountId, after, limit });
      return toPage(keys.map(toApiKey), limit);
    },
  );
}

/**
 * `POST /v1/keys`: a new key of the caller's own account. Its secret is shown this once; an operator's key is
 * never made.
 */
export function createKeyRoute(app: App, deps: { sql: Database; config: { secretsKey: SecretsKey } }): void {
  app.post(
    '/v1/keys',
    {
      config: { scope: 'jobs', refuses: [404] },
      schema: {
        operationId: 'createKey',
        tags: ['account'],
        summary: 'Make a key; the secret is shown once',
        body: keyRequest.nullable().transform((body) => body ?? keyRequest.parse({})),
        response: { 201: newKeySchema },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      reply.header('cache-control', 'no-store');
      const { scopes, expires_at: expiresAt = null } = request.body;
      if (scopes.includes('admin')) {
        throw new Refusal('permission_denied', 'Only the operator makes keys with the scope "admin"');
      }
      const asked = { accountId, scopes, expiresAt, parentId: request.caller.keyId };
      const work = async (tx: Parameters<typeof issueKey>[0]) => ({
        status: 201,
        body: await issueKey(tx, { ...asked, keysMax: limitOf(request, 'keys') }),
      });
      return await idempotent(request, reply, deps, work, { sealWith: deps.config.secretsKey });
    },
  );
}

/**
 * `DELETE /v1/keys/{key_id}`: revokes a key of the caller's account and those it made, here at once and
 * everywhere within 5 s.
 */
export function deleteKeyRoute(app: App, deps: { sql: Database; apiKeys: Pick<ApiKeys, 'drop'> }): void {
  app.delete(
    '/v1/keys/:key_id',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'deleteKey',
        tags: ['account'],
        summary: 'Revoke a key',
        params: z.object({ key_id: z.string() }),
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      const keyId = request.params.key_id;
      return await endKey(deps, request.caller, { accountId: accountOf(request), keyId });
    },
  );
}
