import type { App } from '../../http/app.ts';

/**
 * `GET /health/live`: the process turns its loop. Says nothing of anything else, so that an outage restarts
 * nobody.
 */
export function readLiveness(app: App): void {
  app.get(
    '/health/live',
    { config: { scope: 'public' }, schema: { tags: ['operations'], summary: 'The process is alive' } },
    async () => ({ status: 'ok' }),
  );
}
