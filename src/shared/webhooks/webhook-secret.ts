import { randomBytes } from 'node:crypto';
import type { Database } from '../platform/postgres/database.ts';
import { type SecretsKey, seal, unseal } from '../platform/seal.ts';
import { ensureWebhookSecret, findWebhookSecret } from './sql/secrets.ts';

/** Standard Webhooks asks for 24 to 64 random bytes. */
const secretBytes = 32;

type SecretDeps = { sql: Database; secretsKey: SecretsKey };

/** A new secret, as it is shown: `whsec_` and 32 bytes as base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString('base64')}`;
}

/** A secret as it is stored. It opens for this account only. */
export function sealWebhookSecret(secretsKey: SecretsKey, accountId: string, secret: string): Buffer {
  return seal(secretsKey, secret, aadOfAccount(accountId));
}

/** The secret that was sealed for this account; throws when the key is another. */
export function openWebhookSecret(secretsKey: SecretsKey, accountId: string, sealed: Buffer): string {
  return unseal(secretsKey, sealed, aadOfAccount(accountId));
}

/** The secret of an endpoint as it is stored. It opens for this endpoint only. */
export function sealEndpointSecret(secretsKey: SecretsKey, endpointId: string, secret: string): Buffer {
  return seal(secretsKey, secret, aadOfEndpoint(endpointId));
}

/** The secret that was sealed for this endpoint; throws when the key is another. */
export function openEndpointSecret(secretsKey: SecretsKey, endpointId: string, sealed: Buffer): string {
  return unseal(secretsKey, sealed, aadOfEndpoint(endpointId));
}

/** As much of a secret as distinguishes it from another: its prefix and its last characters. */
export function hintOfSecret(secret: string): string {
  return `whsec_...${secret.slice(-5)}`;
}

/** The default secret of an account, made when first needed. Null when there is no such account. */
export async function readWebhookSecret(deps: SecretDeps, accountId: string): Promise<string | null> {
  const sealed =
    (await findWebhookSecret(deps.sql, accountId)) ??
    (await ensureWebhookSecret(
      deps.sql,
      accountId,
      sealWebhookSecret(deps.secretsKey, accountId, newWebhookSecret()),
    ));
  return sealed === null ? null : openWebhookSecret(deps.secretsKey, accountId, sealed);
}

/** Where the secrets of an account are sealed for. */
export function aadOfAccount(accountId: string): string {
  return `accounts.webhook_secret ${accountId}`;
}

/** Where the secrets of an endpoint are sealed for. */
export function aadOfEndpoint(endpointId: string): string {
  return `webhook_endpoints.secret ${endpointId}`;
}
