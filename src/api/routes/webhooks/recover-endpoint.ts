import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import { instant } from '../../../shared/formats/common/instant.ts';
import { newId } from '../../../shared/ids.ts';
import type { Database, Transaction } from '../../../shared/platform/postgres/database.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { findEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import { insertRecovery } from '../../../shared/webhooks/sql/recoveries.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';

const recoverySchema = component(
  'WebhookEndpointRecovery',
  z.object({
    id: z.string(),
    object: z.literal('webhook_endpoint.recovery'),
    webhook_endpoint_id: z.string(),
    since: z.string(),
    created_at: z.string(),
  }),
);

/**
 * `POST /v1/webhook_endpoints/{id}/recover`: sends what the endpoint has not had since a time: exhausted and
 * held deliveries, each with the same id and bytes and with a whole chain of tries. Goes on behind the
 * answer, whatever dies on the way. 409 while the endpoint is disabled.
 */
export function recoverWebhookEndpointRoute(
  app: App,
  deps: { sql: Database; signals: Pick<Signals, 'publish'> },
): void {
  app.post(
    '/v1/webhook_endpoints/:id/recover',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'recoverWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Send again what an endpoint has not had since a time',
        params: idParams,
        body: z.strictObject({ since: instant }),
        response: { 202: recoverySchema },
      },
    },
    async (request, reply) => {
      const key = { accountId: accountOf(request), endpointId: request.params.id };
      const { since } = request.body;
      const answer = await idempotent(request, reply, deps, async (tx) => ({
        status: 202,
        body: await recover(tx, { ...key, since }),
      }));
      deps.signals.publish('endpoints');
      return answer;
    },
  );
}

async function recover(tx: Transaction, asked: { accountId: string; endpointId: string; since: Date }) {
  const endpoint = await findEndpoint(tx, asked.accountId, asked.endpointId);
  if (endpoint === null) throw notFound('webhook endpoint');
  if (endpoint.state === 'disabled') {
    throw new Refusal(
      'invalid_state',
      'This endpoint is disabled; enable it first with {"status": "enabled"}',
    );
  }
  const { id, endpointId, since, createdAt } = await insertRecovery(tx, { ...asked, id: newId('rec') });
  return {
    id,
    object: 'webhook_endpoint.recovery' as const,
    webhook_endpoint_id: endpointId,
    since: since.toISOString(),
    created_at: createdAt.toISOString(),
  };
}
