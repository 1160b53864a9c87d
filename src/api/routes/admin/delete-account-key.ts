import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { revokeApiKey } from '../../../shared/sql/api-keys.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { ApiKeys } from '../../http/api-keys.ts';
import type { App } from '../../http/app.ts';
import { deletedShape } from '../../http/shapes.ts';

/** `DELETE /v1/admin/accounts/{id}/keys/{key_id}`: revokes a key, here at once and everywhere within 5 s. */
export function deleteAccountKey(app: App, deps: { sql: Database; apiKeys: Pick<ApiKeys, 'forget'> }): void {
  app.delete(
    '/v1/admin/accounts/:id/keys/:key_id',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Revoke a key of an account',
        params: z.object({ id: z.string(), key_id: z.string() }),
        response: { 200: deletedShape },
      },
    },
    async (request) => {
      const { id: accountId, key_id: keyId } = request.params;
      if (!(await revokeApiKey(deps.sql, { accountId, keyId }))) throw notFound('key');
      deps.apiKeys.forget(keyId);
      return { id: keyId, object: 'api_key', deleted: true as const };
    },
  );
}
