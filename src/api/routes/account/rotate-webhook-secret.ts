import type { Database } from '../../../shared/sql/database.ts';
import { rotateWebhookSecret as rotate } from '../../../shared/webhook-secrets.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';

/** POST /v1/webhook_secret/rotate → a new secret; the old one signs beside it for 24 h. */
export function rotateWebhookSecret(app: App, deps: { sql: Database; config: { secretsKey: Buffer } }): void {
  app.post('/v1/webhook_secret/rotate', { config: { scope: 'jobs' } }, async (request, reply) => {
    const { secretsKey } = deps.config;
    const work = async () => ({
      status: 200,
      body: { secret: await rotate({ sql: deps.sql, secretsKey }, accountOf(request)) },
    });
    return idempotent(request, reply, deps, work, { sealWith: secretsKey });
  });
}
