import { z } from 'zod';
import { countWorkers } from '../../../shared/accounts/sql/operations.ts';
import { cacheForASecond } from '../../../shared/platform/cache-for-a-second.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { component } from '../../openapi/components.ts';
import { checkHealth, type HealthDeps } from './check-health.ts';

const health = component(
  'Health',
  z.object({
    status: z.enum(['ok', 'degraded', 'failed']),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['ok', 'degraded', 'failed']),
        latency_ms: z.number(),
        detail: z.string().nullable(),
      }),
    ),
  }),
);

/**
 * `GET /health`: every check with its state and latency, at most a second old. 503 when one fails that
 * nothing works without.
 */
export function getHealthRoute(app: App, deps: HealthDeps & { sql: Database }): void {
  const check = cacheForASecond(() =>
    Promise.all([
      checkHealth('postgres', 'failed', () => deps.pingDatabase()),
      checkHealth('redis', 'degraded', () => deps.pingRedis()),
      checkHealth('workers', 'degraded', async () => {
        if ((await countWorkers(deps.sql)) === 0) throw new Error('no worker was seen in the last 30 s');
      }),
    ]),
  );
  app.get(
    '/health',
    {
      config: { scope: 'public' },
      schema: {
        operationId: 'getHealth',
        tags: ['operations'],
        summary: 'Every check, with its state and latency',
        response: { 200: health, 503: health },
      },
    },
    async (_request, reply) => {
      const checks = await check();
      const states = checks.map((check) => check.state);
      const degraded = states.includes('degraded') ? 'degraded' : 'ok';
      const status = states.includes('failed') ? 'failed' : degraded;
      return reply
        .status(status === 'failed' ? 503 : 200)
        .header('cache-control', 'no-store')
        .send({ status, checks });
    },
  );
}

/**
 * `GET /health/live`: the process turns its loop. Says nothing of anything else, so that an outage restarts
 * nobody.
 */
export function getLivenessRoute(app: App): void {
  app.get(
    '/health/live',
    {
      config: { scope: 'public' },
      schema: {
        operationId: 'getLiveness',
        response: { 200: z.object({ status: z.literal('ok') }) },
        tags: ['operations'],
        summary: 'The process is alive',
      },
    },
    async () => ({ status: 'ok' as const }),
  );
}

/**
 * `GET /health/ready`: whether to send requests here: Postgres answers and the server is not shutting down.
 */
export function getReadinessRoute(app: App, deps: HealthDeps): void {
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
      schema: {
        operationId: 'getReadiness',
        response: {
          200: z.object({ status: z.enum(['ok', 'degraded', 'failed']) }),
          503: z.object({ status: z.enum(['closing', 'failed']) }),
        },
        tags: ['operations'],
        summary: 'Whether to send requests here',
      },
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
