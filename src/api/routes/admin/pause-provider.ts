import { insertPausedProvider } from '../../../shared/queue/sql/paused-providers.ts';
import type { App } from '../../http/app.ts';
import { idParams } from '../../http/schemas.ts';
import { providerStatusSchema } from './provider-status.ts';
import { type SwitchDeps, switchProvider } from './switch-provider.ts';

/**
 * `POST /v1/admin/providers/{name}/pause`: its jobs wait; calls under way end as they would. Doing it twice
 * is doing it once.
 */
export function pauseProvider(app: App, deps: SwitchDeps): void {
  app.post(
    '/v1/admin/providers/:id/pause',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'Let the jobs of a provider wait',
        params: idParams,
        response: { 200: providerStatusSchema },
      },
    },
    async (request, reply) => {
      await switchProvider(request, reply, deps, request.params.id, async (tx) => {
        await insertPausedProvider(tx, request.params.id);
        return { paused: true };
      });
      return reply;
    },
  );
}
