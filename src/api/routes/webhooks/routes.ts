import { noProxy } from '../../../shared/platform/outgoing/proxy-for.ts';
import { createConnections } from '../../../shared/webhooks/connections.ts';
import { postLimits } from '../../../shared/webhooks/post-webhook.ts';
import { createResolver } from '../../../shared/webhooks/resolve-host.ts';
import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { getDeliveryRoute, listDeliveriesRoute, replayDeliveryRoute } from './deliveries.ts';
import {
  createWebhookEndpointRoute,
  deleteWebhookEndpointRoute,
  getWebhookEndpointRoute,
  listWebhookEndpointsRoute,
  updateWebhookEndpointRoute,
} from './endpoints.ts';
import { listWebhookEventTypesRoute } from './event-types.ts';
import { recoverWebhookEndpointRoute } from './recover-endpoint.ts';
import {
  getWebhookSecretRoute,
  rotateWebhookEndpointSecretRoute,
  rotateWebhookSecretRoute,
} from './secrets.ts';
import { testWebhookEndpointRoute } from './test-endpoint.ts';

/** Webhook endpoints, secrets and deliveries; a test of an endpoint is posted from here. */
export function webhookRoutes(app: App, deps: RouteDeps): void {
  getWebhookSecretRoute(app, deps);
  rotateWebhookSecretRoute(app, deps);
  listDeliveriesRoute(app, deps);
  getDeliveryRoute(app, deps);
  replayDeliveryRoute(app, deps);
  createWebhookEndpointRoute(app, deps);
  listWebhookEndpointsRoute(app, deps);
  getWebhookEndpointRoute(app, deps);
  updateWebhookEndpointRoute(app, deps);
  deleteWebhookEndpointRoute(app, deps);
  rotateWebhookEndpointSecretRoute(app, deps);
  recoverWebhookEndpointRoute(app, deps);
  listWebhookEventTypesRoute(app);

  const policy = deps.config.webhooks;
  const { proxy = noProxy } = deps.config;
  const connections = createConnections({ policy, resolve: createResolver(policy.allowPrivate), proxy });
  app.addHook('onClose', () => connections.close());
  testWebhookEndpointRoute(app, { ...deps, sending: { connections, limits: postLimits, now: Date.now } });
}
