import { randomBytes } from 'node:crypto';
import { seal, unseal } from './seal.ts';
import type { Database } from './sql/database.ts';
import { findWebhookSecrets, insertWebhookSecret, rotateStoredSecret } from './sql/webhook-secrets.ts';

export type WebhookSecretDeps = { sql: Database; secretsKey: Buffer };

const placeOf = (accountId: string) => `accounts.webhook_secret ${accountId}`;

/** A new secret of Standard Webhooks: 32 random bytes. */
function makeSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * The secrets that sign an account's webhooks now, the newest first: its own, and for a day after a rotation the one before
 * it. The first use makes one. They lie encrypted in the database.
 */
export async function readWebhookSecrets(deps: WebhookSecretDeps, accountId: string): Promise<string[]> {
  const place = placeOf(accountId);
  const known = await findWebhookSecrets(deps.sql, accountId);
  if (known.length > 0) return known.map((sealed) => unseal(deps.secretsKey, sealed, place));
  await insertWebhookSecret(deps.sql, accountId, seal(deps.secretsKey, makeSecret(), place));
  return readWebhookSecrets(deps, accountId);
}

/** Replaces an account's secret; the old one signs beside it for another 24 h. */
export async function rotateWebhookSecret(deps: WebhookSecretDeps, accountId: string): Promise<string> {
  const secret = makeSecret();
  await rotateStoredSecret(deps.sql, accountId, seal(deps.secretsKey, secret, placeOf(accountId)));
  return secret;
}
