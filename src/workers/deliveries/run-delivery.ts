import type { Agent } from 'undici';
import { moveDelivery } from '../../shared/domain/delivery.ts';
import type { Database } from '../../shared/sql/database.ts';
import { type DueDelivery, recordDelivery } from '../../shared/sql/deliveries.ts';
import type { Log } from '../../shared/telemetry.ts';
import { readWebhookSecrets } from '../../shared/webhook-secrets.ts';
import { postWebhook } from './post-webhook.ts';
import { signWebhook } from './sign-webhook.ts';

export type RunDeliveryDeps = {
  sql: Database;
  agent: Agent;
  secretsKey: Buffer;
  scheduleSeconds: number[];
  log: Log;
  random(): number;
};

/** Makes one try of one claimed delivery: sign, post, decide, record. A record under an old lease changes nothing. */
export async function runDelivery(deps: RunDeliveryDeps, delivery: DueDelivery): Promise<void> {
  const secrets = await readWebhookSecrets(deps, delivery.accountId);
  const headers = signWebhook(secrets, {
    id: delivery.eventId,
    timestampSeconds: Math.floor(Date.now() / 1000),
    body: delivery.body,
  });
  const posted = await postWebhook(deps.agent, { url: delivery.url, headers, body: delivery.body });
  const move = moveDelivery(posted, delivery.triesOfChain, deps.scheduleSeconds, deps.random());
  await recordDelivery(deps.sql, { delivery, posted, move });
  deps.log.info(
    {
      delivery_id: delivery.id,
      job_id: delivery.jobId,
      status: posted.statusCode,
      move: move.kind,
      duration_ms: posted.durationMs,
    },
    'webhook posted',
  );
}
