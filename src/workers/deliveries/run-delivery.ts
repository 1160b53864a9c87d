import { type DeliveryVerdict, judgeDelivery, type PostResult } from '../../shared/domain/delivery.ts';
import type { Database } from '../../shared/sql/database.ts';
import type { ClaimedDelivery } from '../../shared/sql/deliveries.ts';
import { openWebhookSecret, readWebhookSecret } from '../../shared/webhook-secret.ts';
import type { Connections } from './connections.ts';
import { type PostLimits, postWebhook } from './post-webhook.ts';
import { signWebhook } from './sign.ts';

export type RunDeliveryDeps = {
  sql: Database;
  secretsKey: Buffer;
  connections: Connections;
  retrySeconds: number[];
  limits: PostLimits;
  now(): number;
  random(): number;
};

export type Tried = { result: PostResult; verdict: DeliveryVerdict };

/** Signs and posts one delivery and says what follows. Rejects when the signal aborted it, or the secret cannot be had. */
export async function runDelivery(
  deps: RunDeliveryDeps,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<Tried> {
  const body = Buffer.from(delivery.body, 'utf8');
  const timestampSeconds = Math.floor(deps.now() / 1000);
  const signed = signWebhook(
    { id: delivery.eventId, timestampSeconds, body },
    await secretsOf(deps, delivery),
  );
  const headers = { 'content-type': 'application/json', 'user-agent': 'llm-job-gateway', ...signed };
  const result = await postWebhook(deps, { url: delivery.url, headers, body, signal }, deps.limits);
  const chain = { tries: delivery.tries, retrySeconds: deps.retrySeconds };
  return { result, verdict: judgeDelivery(result, chain, deps.random()) };
}

async function secretsOf(deps: RunDeliveryDeps, delivery: ClaimedDelivery): Promise<string[]> {
  const { accountId, secret, previousSecret } = delivery;
  if (secret === null) {
    const made = await readWebhookSecret(deps, accountId);
    if (made === null) throw new Error('the account of a delivery is gone');
    return [made];
  }
  const sealed = previousSecret === null ? [secret] : [secret, previousSecret];
  return sealed.map((one) => openWebhookSecret(deps.secretsKey, accountId, one));
}
