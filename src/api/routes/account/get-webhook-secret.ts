import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import { readWebhookSecret } from '../../../shared/webhooks/webhook-secret.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';

/**
 * `GET /v1/webhook_secret`: what the account's webhooks are signed with; made when first asked for. Not for
 * `read`.
 */
export function getWebhookSecret(
  app: App,
  deps: { sql: Database; config: { secretsKey: SecretsKey } },
): void {
  app.get(
    '/v1/webhook_secret',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['webhooks'],
        summary: 'The secret that signs the webhooks of jobs',
        response: { 200: z.object({ secret: z.string() }) },
      },
    },
    async (request, reply) => {
      const { secretsKey } = deps.config;
      const secret = await readWebhookSecret({ sql: deps.sql, secretsKey }, accountOf(request));
      if (secret === null) throw notFound('account');
      reply.header('cache-control', 'no-store');
      return { secret };
    },
  );
}
