import { z } from 'zod';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { ApiKeys } from '../../auth/api-keys.ts';
import type { App } from '../../http/app.ts';
import { endKey } from '../../http/end-key.ts';
import { deletedSchema } from '../../http/schemas.ts';

/**
 * `DELETE /v1/admin/accounts/{id}/keys/{key_id}`: revokes a key and those it made, here at once and
 * everywhere within 5 s.
 */
export function deleteAccountKey(app: App, deps: { sql: Database; apiKeys: Pick<ApiKeys, 'forget'> }): void {
  app.delete(
    '/v1/admin/accounts/:id/keys/:key_id',
    {
      config: { scope: 'admin' },
      schema: {
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
