import { Refusal } from '../../../shared/errors.ts';
import { cacheForASecond } from '../../../shared/platform/cache-for-a-second.ts';
import type { Metrics } from '../../../shared/platform/metrics.ts';
import { createMetricsAccess } from '../../../shared/platform/metrics-access.ts';
import type { App } from '../../http/app.ts';

/**
 * `GET /metrics`, for Prometheus, at most a second old. With METRICS_TOKEN set, only for its bearer. No label
 * names an account.
 */
export function getMetricsRoute(
  app: App,
  deps: {
    metrics: Pick<Metrics, 'registry'>;
    /** Brings gauges up to date; when it fails the last figures are shown. */
    refreshGauges(): Promise<void>;
    config: { http: { metricsToken: string | null; metricsOpen: boolean } };
  },
): void {
  const mayRead = createMetricsAccess(deps.config.http);
  const read = cacheForASecond(async () => {
    await deps.refreshGauges().catch(() => undefined);
    return await deps.metrics.registry.metrics();
  });
  app.get('/metrics', { config: { scope: 'public' }, schema: { hide: true } }, async (request, reply) => {
    if (!mayRead(request.headers.authorization)) {
      throw new Refusal(
        'authentication_error',
        'Send the metrics token (METRICS_TOKEN) as "Authorization: Bearer …"',
      );
    }
    return reply.type(deps.metrics.registry.contentType).send(await read());
  });
}
