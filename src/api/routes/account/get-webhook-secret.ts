import type { Database } from '../../../shared/sql/database.ts';
import { readWebhookSecrets } from '../../../shared/webhook-secrets.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';

/** GET /v1/webhook_secret: the secret that signs this account's webhooks. */
export function getWebhookSecret(app: App, deps: { sql: Database; config: { secretsKey: Buffer } }): void {
  app.get('/v1/webhook_secret', { config: { scope: 'jobs' } }, async (request) => {
    const secretDeps = { sql: deps.sql, secretsKey: deps.config.secretsKey };
    const [secret] = await readWebhookSecrets(secretDeps, accountOf(request));
    return { secret };
  });
}
