import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../../shared/domain/errors.ts';
import type { Metrics } from '../../../shared/metrics.ts';
import { sha256 } from '../../http/api-keys.ts';
import type { App } from '../../http/app.ts';

/** `GET /metrics`, for Prometheus. With METRICS_TOKEN set, only for its bearer. No label names an account. */
export function readMetrics(
  app: App,
  deps: {
    metrics: Pick<Metrics, 'registry'>;
    /** Brings gauges up to date; when it fails the last figures are shown. */
    refreshGauges(): Promise<void>;
    config: { http: { metricsToken: string | null } };
  },
): void {
  const { metricsToken } = deps.config.http;
  const expected = metricsToken === null ? null : sha256(`Bearer ${metricsToken}`);
  app.get('/metrics', { config: { scope: 'public' }, schema: { hide: true } }, async (request, reply) => {
    const given = sha256(request.headers.authorization ?? '');
    if (expected !== null && !timingSafeEqual(given, expected)) {
      throw new Refusal('authentication_error', 'Send the metrics token as "Authorization: Bearer …"');
    }
    await deps.refreshGauges().catch(() => undefined);
    const text = await deps.metrics.registry.metrics();
    return reply.type(deps.metrics.registry.contentType).send(text);
  });
}
