import type { App } from '../../http/app.ts';
import { checkHealth, type HealthDeps } from './check-health.ts';

/** `GET /health/ready`: whether to send requests here: Postgres answers and the server is not shutting down. */
export function readReadiness(app: App, deps: HealthDeps): void {
  app.get(
    '/health/ready',
    {
      config: { scope: 'public' },
      schema: { tags: ['operations'], summary: 'Whether to send requests here' },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      if (deps.closing.aborted) return reply.status(503).send({ status: 'closing' });
      const database = await checkHealth('postgres', 'failed', () => deps.pingDatabase());
      if (database.state !== 'ok') return reply.status(503).send({ status: 'failed' });
      const redis = await checkHealth('redis', 'degraded', () => deps.pingRedis());
      return { status: redis.state };
    },
  );
}
