import { notFound } from '../../../shared/domain/errors.ts';
import { findAccount } from '../../../shared/sql/accounts.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { issueKey, keyRequest, newKeyShape } from '../../http/issue-key.ts';
import { idParams } from '../../http/shapes.ts';

/** `POST /v1/admin/accounts/{id}/keys`: a new key of an account, with any scopes. Its secret is shown this once. */
export function createAccountKey(app: App, deps: { sql: Database; config: { secretsKey: Buffer } }): void {
  app.post(
    '/v1/admin/accounts/:id/keys',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Make a key of an account',
        params: idParams,
        body: keyRequest.nullable().transform((body) => body ?? keyRequest.parse({})),
        response: { 201: newKeyShape },
      },
    },
    async (request, reply) => {
      const accountId = request.params.id;
      const { scopes, expires_at: expiresAt = null } = request.body;
      const work = async (tx: Parameters<typeof issueKey>[0]) => {
        if ((await findAccount(tx, accountId)) === null) throw notFound('account');
        return { status: 201, body: await issueKey(tx, { accountId, scopes, expiresAt }) };
      };
      return await idempotent(request, reply, deps, work, { sealWith: deps.config.secretsKey });
    },
  );
}
