import { findKeyScopes, revokeApiKey } from '../../shared/accounts/sql/api-keys.ts';
import { notFound, Refusal } from '../../shared/errors.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { ApiKeys } from '../auth/api-keys.ts';
import type { Caller } from './caller.ts';

/**
 * Revokes a key and what it made, here at once and everywhere within 5 s. An operator's key is ended by
 * operators alone.
 */
export async function endKey(
  deps: { sql: Database; apiKeys: Pick<ApiKeys, 'drop'> },
  caller: Caller,
  key: { accountId: string; keyId: string },
): Promise<{ id: string; object: 'api_key'; deleted: true }> {
  const scopes = await findKeyScopes(deps.sql, key);
  if (scopes === null) throw notFound('key');
  if (scopes.includes('admin') && !caller.scopes.has('admin')) {
    throw new Refusal('permission_denied', 'Only the operator ends a key with the scope "admin"');
  }
  const revoked = await revokeApiKey(deps.sql, key);
  if (revoked.length === 0) throw notFound('key');
  for (const id of revoked) deps.apiKeys.drop(id);
  return { id: key.keyId, object: 'api_key', deleted: true };
}
