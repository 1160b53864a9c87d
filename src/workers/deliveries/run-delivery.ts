import { type DeliveryVerdict, judgeDelivery, type PostResult } from '../../shared/domain/delivery.ts';
import type { Database } from '../../shared/sql/database.ts';
import type { ClaimedDelivery } from '../../shared/sql/send-deliveries.ts';
import { openEndpointSecret, openWebhookSecret, readWebhookSecret } from '../../shared/webhook-secret.ts';
import { type SendDeps, sendWebhook } from '../../shared/webhooks/send-webhook.ts';

export type RunDeliveryDeps = SendDeps & {
  sql: Database;
  secretsKey: Buffer;
  retrySeconds: number[];
  random(): number;
};

export type Tried = { result: PostResult; verdict: DeliveryVerdict };

/** Signs and posts one delivery and says what follows. Rejects when the signal aborted it, or the secret cannot be had. */
export async function runDelivery(
  deps: RunDeliveryDeps,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<Tried> {
  const { url, eventId, body: text } = delivery;
  const secrets = await secretsOf(deps, delivery);
  const result = await sendWebhook(deps, { url, eventId, text, secrets, signal });
  const chain = { tries: delivery.tries, retrySeconds: deps.retrySeconds };
  return { result, verdict: judgeDelivery(result, chain, deps.random()) };
}

async function secretsOf(deps: RunDeliveryDeps, delivery: ClaimedDelivery): Promise<string[]> {
  const { accountId, endpointId, secret, previousSecret } = delivery;
  if (secret === null) {
    if (endpointId !== null) throw new Error('the endpoint of a delivery is gone');
    const made = await readWebhookSecret(deps, accountId);
    if (made === null) throw new Error('the account of a delivery is gone');
    return [made];
  }
  const sealed = previousSecret === null ? [secret] : [secret, previousSecret];
  return sealed.map((one) =>
    endpointId === null
      ? openWebhookSecret(deps.secretsKey, accountId, one)
      : openEndpointSecret(deps.secretsKey, endpointId, one),
  );
}
