import { noProxy, type ProxySettings } from '../../../shared/platform/outgoing/proxy-for.ts';
import type { Signals } from '../../../shared/platform/redis/signals.ts';
import { createConnections } from '../../../shared/webhooks/connections.ts';
import { postLimits } from '../../../shared/webhooks/post-webhook.ts';
import { createResolver } from '../../../shared/webhooks/resolve-host.ts';
import type { App } from '../../http/app.ts';
import type { EndpointDeps } from './create-endpoint.ts';
import { createEndpoint } from './create-endpoint.ts';
import { deleteEndpoint } from './delete-endpoint.ts';
import { getEndpoint } from './get-endpoint.ts';
import { listEndpoints } from './list-endpoints.ts';
import { listEventTypes } from './list-event-types.ts';
import { recoverEndpoint } from './recover-endpoint.ts';
import { rotateEndpointSecret } from './rotate-endpoint-secret.ts';
import { testEndpoint } from './test-endpoint.ts';
import { updateEndpoint } from './update-endpoint.ts';

/** Webhook endpoints; a test of one is posted from here, over connections that end with the server. */
export function addEndpointRoutes(
  app: App,
  deps: EndpointDeps & { signals: Pick<Signals, 'publish'>; config: { proxy?: ProxySettings } },
): void {
  createEndpoint(app, deps);
  listEndpoints(app, deps);
  getEndpoint(app, deps);
  updateEndpoint(app, deps);
  deleteEndpoint(app, deps);
  rotateEndpointSecret(app, deps);
  recoverEndpoint(app, deps);
  listEventTypes(app);

  const policy = deps.config.webhooks;
  const { proxy = noProxy } = deps.config;
  const connections = createConnections({ policy, resolve: createResolver(policy.allowPrivate), proxy });
  app.addHook('onClose', () => connections.close());
  testEndpoint(app, { ...deps, sending: { connections, limits: postLimits, now: Date.now } });
}
