import { z } from 'zod';
import { countKeysOfAccount, holdParentKey, insertApiKey } from '../../shared/accounts/sql/api-keys.ts';
import { invalid, notFound } from '../../shared/errors.ts';
import { instant } from '../../shared/formats/common/instant.ts';
import { overQuota } from '../../shared/platform/config/quotas.ts';
import type { Transaction } from '../../shared/platform/postgres/database.ts';
import type { Scope } from '../http/caller.ts';
import { apiKeySchema, toApiKey } from '../http/schemas.ts';
import { component } from '../openapi/components.ts';
import { createApiKey } from './api-keys.ts';

/** What a new key may be asked for with. */
export const keyRequest = z.strictObject({
  scopes: z
    .array(z.enum(['jobs', 'read', 'admin']))
    .min(1)
    .max(3)
    .default(['jobs']),
  expires_at: instant.nullable().optional(),
});

/** A new key; the one time its secret is shown. */
export const newKeySchema = component('NewApiKey', apiKeySchema.extend({ key: z.string() }));

type AskedKey = {
  accountId: string;
  scopes: Scope[];
  expiresAt: Date | null;
  /** The key that makes this one, which then ends no later than it and is revoked with it; null for none. */
  parentId: string | null;
  /** Keys of one account that work at the same time. */
  keysMax: number;
};

/**
 * Makes and stores a key of an account. 422 when it would end before it begins or outlive its maker, 429 when
 * there are too many.
 */
export async function issueKey(tx: Transaction, asked: AskedKey): Promise<z.output<typeof newKeySchema>> {
  const expiresAt = await endOf(tx, asked);
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    throw invalid([{ param: 'expires_at', message: 'must be in the future' }]);
  }
  if ((await countKeysOfAccount(tx, asked.accountId)) >= asked.keysMax)
    throw overQuota('keys', asked.keysMax);
  const { id, token, secretSha256 } = createApiKey();
  const scopes = [...new Set(asked.scopes)];
  const { accountId, parentId } = asked;
  const record = await insertApiKey(tx, { accountId, parentId, expiresAt, id, scopes, secretSha256 });
  return { ...toApiKey(record), key: token };
}

/** When the key ends: as asked, or with its maker. */
async function endOf(tx: Transaction, { expiresAt, parentId }: AskedKey): Promise<Date | null> {
  if (parentId === null) return expiresAt;
  const parent = await holdParentKey(tx, parentId);
  if (parent === null) throw notFound('key');
  if (parent.expiresAt === null || expiresAt === null) return expiresAt ?? parent.expiresAt;
  if (expiresAt.getTime() <= parent.expiresAt.getTime()) return expiresAt;
  const end = parent.expiresAt.toISOString();
  throw invalid([
    { param: 'expires_at', message: `must not be later than the end of the key that makes it, ${end}` },
  ]);
}
