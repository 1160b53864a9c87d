import { z } from 'zod';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { ApiKeys } from '../../auth/api-keys.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { endKey } from '../../http/end-key.ts';
import { deletedSchema } from '../../http/schemas.ts';

/**
 * `DELETE /v1/keys/{key_id}`: revokes a key of the caller's account and those it made, here at once and
 * everywhere within 5 s.
 */
export function deleteKey(app: App, deps: { sql: Database; apiKeys: Pick<ApiKeys, 'forget'> }): void {
  app.delete(
    '/v1/keys/:key_id',
    {
      config: { scope: 'jobs' },
      schema: {
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
