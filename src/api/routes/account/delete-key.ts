import { z } from 'zod';
import { notFound } from '../../../shared/domain/errors.ts';
import { revokeApiKey } from '../../../shared/sql/api-keys.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { ApiKeys } from '../../http/api-keys.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { deletedShape } from '../../http/shapes.ts';

/** `DELETE /v1/keys/{key_id}`: revokes a key of the caller's account, here at once and everywhere within 5 s. */
export function deleteKey(app: App, deps: { sql: Database; apiKeys: Pick<ApiKeys, 'forget'> }): void {
  app.delete(
    '/v1/keys/:key_id',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['account'],
        summary: 'Revoke a key',
        params: z.object({ key_id: z.string() }),
        response: { 200: deletedShape },
      },
    },
    async (request) => {
      const keyId = request.params.key_id;
      const revoked = await revokeApiKey(deps.sql, { accountId: accountOf(request), keyId });
      if (!revoked) throw notFound('key');
      deps.apiKeys.forget(keyId);
      return { id: keyId, object: 'api_key', deleted: true as const };
    },
  );
}
