import { notFound } from '../../../shared/errors.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { updateEndpoint as changeEndpoint } from '../../../shared/webhooks/sql/endpoints.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import type { EndpointDeps } from './create-endpoint.ts';
import { endpointChange, endpointSchema, refuseBadUrl, toEndpoint } from './endpoint-object.ts';

/**
 * `POST /v1/webhook_endpoints/{id}`: changes some fields. What is owed already goes to a new URL too. While
 * it is disabled, events are held for it, and `recover` sends them once it is enabled again.
 */
export function updateEndpoint(app: App, deps: EndpointDeps & { signals: Pick<Signals, 'publish'> }): void {
  app.post(
    '/v1/webhook_endpoints/:id',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['webhooks'],
        summary: 'Change, disable or enable a webhook endpoint',
        params: idParams,
        body: endpointChange,
        response: { 200: endpointSchema },
      },
    },
    async (request, reply) => {
      const key = { accountId: accountOf(request), id: request.params.id };
      const { name = null, url = null, event_types: eventTypes = null, status: state = null } = request.body;
      if (url !== null) refuseBadUrl(url, deps.config.webhooks);
      const answer = await idempotent(request, reply, deps, async (tx) => {
        const endpoint = await changeEndpoint(tx, key, { name, url, eventTypes, state });
        if (endpoint === null) throw notFound('webhook endpoint');
        return { status: 200, body: toEndpoint(endpoint) };
      });
      deps.signals.publish('endpoints');
      return answer;
    },
  );
}
