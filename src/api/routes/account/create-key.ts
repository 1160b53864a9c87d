import { Refusal } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import { issueKey, keyRequest, newKeySchema } from '../../auth/issue-key.ts';
import type { App } from '../../http/app.ts';
import { accountOf, limitOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';

/**
 * `POST /v1/keys`: a new key of the caller's own account. Its secret is shown this once; an operator's key is
 * never made.
 */
export function createKey(app: App, deps: { sql: Database; config: { secretsKey: SecretsKey } }): void {
  app.post(
    '/v1/keys',
    {
      config: { scope: 'jobs' },
      schema: {
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
