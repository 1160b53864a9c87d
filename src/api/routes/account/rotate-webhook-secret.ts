import { z } from 'zod';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import { replaceWebhookSecret } from '../../../shared/webhooks/sql/secrets.ts';
import { newWebhookSecret, sealWebhookSecret } from '../../../shared/webhooks/webhook-secret.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';

/**
 * `POST /v1/webhook_secret/rotate`: a new secret; for 24 hours webhooks are signed with it and with the one
 * before.
 */
export function rotateWebhookSecret(
  app: App,
  deps: { sql: Database; config: { secretsKey: SecretsKey } },
): void {
  app.post(
    '/v1/webhook_secret/rotate',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['webhooks'],
        summary: 'Replace the webhook secret; the old one signs along for 24 hours',
        response: { 200: z.object({ secret: z.string() }) },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const { secretsKey } = deps.config;
      const options = { sealWith: secretsKey };
      reply.header('cache-control', 'no-store');
      return await idempotent(
        request,
        reply,
        deps,
        async (tx) => {
          const secret = newWebhookSecret();
          await replaceWebhookSecret(tx, accountId, sealWebhookSecret(secretsKey, accountId, secret));
          return { status: 200, body: { secret } };
        },
        options,
      );
    },
  );
}
