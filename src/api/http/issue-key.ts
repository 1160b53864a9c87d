import { z } from 'zod';
import { invalid } from '../../shared/domain/errors.ts';
import { insertApiKey } from '../../shared/sql/api-keys.ts';
import type { Transaction } from '../../shared/sql/database.ts';
import { createApiKey } from './api-keys.ts';
import type { Scope } from './caller.ts';
import { apiKeyShape, timestamp, toApiKey } from './shapes.ts';

/** What a new key may be asked for with. */
export const keyRequest = z.strictObject({
  scopes: z
    .array(z.enum(['jobs', 'read', 'admin']))
    .min(1)
    .max(3)
    .default(['jobs']),
  expires_at: timestamp.nullable().optional(),
});

/** A new key; the one time its secret is shown. */
export const newKeyShape = apiKeyShape.extend({ key: z.string() });

/** Makes and stores a key of an account; 422 when it would already have expired. */
export async function issueKey(
  tx: Transaction,
  asked: { accountId: string; scopes: Scope[]; expiresAt: Date | null },
): Promise<z.output<typeof newKeyShape>> {
  if (asked.expiresAt !== null && asked.expiresAt.getTime() <= Date.now()) {
    throw invalid([{ param: 'expires_at', message: 'must be in the future' }]);
  }
  const { id, token, secretSha256 } = createApiKey();
  const scopes = [...new Set(asked.scopes)];
  const record = await insertApiKey(tx, { ...asked, id, scopes, secretSha256 });
  return { ...toApiKey(record), key: token };
}
