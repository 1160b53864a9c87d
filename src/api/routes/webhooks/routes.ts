import { noProxy } from '../../../shared/platform/outgoing/proxy-for.ts';
import { createConnections } from '../../../shared/webhooks/connections.ts';
import { postLimits } from '../../../shared/webhooks/post-webhook.ts';
import { createResolver } from '../../../shared/webhooks/resolve-host.ts';
import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { getDeliveryRoute, listDeliveriesRoute, replayDeliveryRoute } from './deliveries.ts';
import {
  createEndpointRoute,
  deleteEndpointRoute,
  getEndpointRoute,
  listEndpointsRoute,
  updateEndpointRoute,
} from './endpoints.ts';
import { listEventTypesRoute } from './event-types.ts';
import { recoverEndpointRoute } from './recover-endpoint.ts';
import { getWebhookSecretRoute, rotateEndpointSecretRoute, rotateWebhookSecretRoute } from './secrets.ts';
import { testEndpointRoute } from './test-endpoint.ts';

/** Webhook endpoints, secrets and deliveries; a test of an endpoint is posted from here. */
export function webhookRoutes(app: App, deps: RouteDeps): void {
  getWebhookSecretRoute(app, deps);
  rotateWebhookSecretRoute(app, deps);
  listDeliveriesRoute(app, deps);
  getDeliveryRoute(app, deps);
  replayDeliveryRoute(app, deps);
  createEndpointRoute(app, deps);
  listEndpointsRoute(app, deps);
  getEndpointRoute(app, deps);
  updateEndpointRoute(app, deps);
  deleteEndpointRoute(app, deps);
  rotateEndpointSecretRoute(app, deps);
  recoverEndpointRoute(app, deps);
  listEventTypesRoute(app);

  const policy = deps.config.webhooks;
  const { proxy = noProxy } = deps.config;
  const connections = createConnections({ policy, resolve: createResolver(policy.allowPrivate), proxy });
  app.addHook('onClose', () => connections.close());
  testEndpointRoute(app, { ...deps, sending: { connections, limits: postLimits, now: Date.now } });
}
