import type { Database } from '../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../shared/platform/seal.ts';
import {
  type DeliveryDecision,
  decideDelivery,
  type PostResult,
} from '../../shared/webhooks/rules/delivery.ts';
import { type SendDeps, sendWebhook } from '../../shared/webhooks/send-webhook.ts';
import type { ClaimedDelivery } from '../../shared/webhooks/sql/claim-deliveries.ts';
import {
  openEndpointSecret,
  openWebhookSecret,
  readWebhookSecret,
} from '../../shared/webhooks/webhook-secret.ts';

export type RunDeliveryDeps = SendDeps & {
  sql: Database;
  secretsKey: SecretsKey;
  retrySeconds: number[];
  random(): number;
};

/** What came of a try, and what follows. */
export type TriedDelivery = { result: PostResult; decision: DeliveryDecision };

/** Not posted, for this reason. */
const unposted = (error: string): PostResult => ({
  outcome: 'failed',
  statusCode: null,
  error,
  retryAfterMs: null,
  durationMs: 0,
  remoteIp: null,
});

/** A delivery whose secret is gone, or was sealed with another SECRETS_KEY. Nobody could have trusted it. */
const unsignable = unposted('signing_failed');

/** What ended this many processes after its schedule was over is not posted by another. */
const lostTriesMax = 3;
const lost = unposted('tries_lost');

/**
 * Signs and posts one delivery and says what follows. One that cannot be signed is a failed try like any
 * other, so that it goes through its schedule and comes to an end. Rejects when the signal aborted it, or the
 * database cannot be asked.
 */
export async function runDelivery(
  deps: RunDeliveryDeps,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<TriedDelivery> {
  const { url, eventId, body: text } = delivery;
  const triesMax = deps.retrySeconds.length + lostTriesMax;
  if (delivery.tries > triesMax) return { result: lost, decision: { kind: 'exhausted' } };
  const secrets = await secretsOf(deps, delivery);
  const result =
    secrets.length === 0 ? unsignable : await sendWebhook(deps, { url, eventId, text, secrets, signal });
  const chain = { tries: delivery.tries, retrySeconds: deps.retrySeconds };
  return { result, decision: decideDelivery(result, chain, deps.random()) };
}

/** The secrets that sign it, the newest first; none when none is left that can be opened. */
async function secretsOf(deps: RunDeliveryDeps, delivery: ClaimedDelivery): Promise<string[]> {
  const { accountId, endpointId, secret, previousSecret } = delivery;
  if (secret === null) {
    if (endpointId !== null) return [];
    const made = await readWebhookSecret(deps, accountId);
    return made === null ? [] : [made];
  }
  const sealed = previousSecret === null ? [secret] : [secret, previousSecret];
  return sealed.flatMap((one) => {
    try {
      return [
        endpointId === null
          ? openWebhookSecret(deps.secretsKey, accountId, one)
          : openEndpointSecret(deps.secretsKey, endpointId, one),
      ];
    } catch {
      return [];
    }
  });
}
