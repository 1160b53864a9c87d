import { notFound } from '../../../shared/domain/errors.ts';
import type { News } from '../../../shared/news.ts';
import type { Database } from '../../../shared/sql/database.ts';
import { insertPausedProvider } from '../../../shared/sql/paused-providers.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/shapes.ts';
import { type ProviderStatusDeps, providerStatusShape } from './provider-status.ts';

/** `POST /v1/admin/providers/{name}/pause`: its jobs wait; calls under way end as they would. Doing it twice is doing it once. */
export function pauseProvider(
  app: App,
  deps: { sql: Database; news: Pick<News, 'send'> } & ProviderStatusDeps,
): void {
  app.post(
    '/v1/admin/providers/:id/pause',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Let the jobs of a provider wait',
        params: idParams,
        response: { 200: providerStatusShape },
      },
    },
    async (request, reply) => {
      const { id: name } = request.params;
      const status = (await deps.providerStatus()).find((provider) => provider.name === name);
      if (status === undefined) throw notFound('provider');
      await idempotent(request, reply, deps, async (tx) => {
        await insertPausedProvider(tx, name);
        return { status: 200, body: { ...status, paused: true } };
      });
      deps.news.send('providers');
      return reply;
    },
  );
}
