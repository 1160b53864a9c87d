import { cacheForASecond } from '../../../shared/platform/cache-for-a-second.ts';
import type { App } from '../../http/app.ts';
import { checkHealth, type HealthDeps } from './check-health.ts';

/**
 * `GET /health/ready`: whether to send requests here: Postgres answers and the server is not shutting down.
 */
export function readReadiness(app: App, deps: HealthDeps): void {
  const check = cacheForASecond(() =>
    Promise.all([
      checkHealth('postgres', 'failed', () => deps.pingDatabase()),
      checkHealth('redis', 'degraded', () => deps.pingRedis()),
    ]),
  );
  app.get(
    '/health/ready',
    {
      config: { scope: 'public' },
      schema: { tags: ['operations'], summary: 'Whether to send requests here' },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      if (deps.closing.aborted) return reply.status(503).send({ status: 'closing' });
      const [database, redis] = await check();
      if (database.state !== 'ok') return reply.status(503).send({ status: 'failed' });
      return { status: redis.state };
    },
  );
}
