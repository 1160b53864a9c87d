import { deletePausedProvider, insertPausedProvider } from '../../../shared/queue/sql/paused-providers.ts';
import type { App } from '../../http/app.ts';
import { pageOf } from '../../http/pages.ts';
import { idParams } from '../../http/schemas.ts';
import { component } from '../../openapi/components.ts';
import { type ProviderStatusDeps, providerStatusSchema } from './provider-status.ts';
import { type SwitchDeps, switchProvider } from './switch-provider.ts';

/** `GET /v1/admin/providers`: every provider with its window, its backlog and what its gate knows. */
export function listProvidersRoute(app: App, deps: ProviderStatusDeps): void {
  app.get(
    '/v1/admin/providers',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listProviders',
        tags: ['operator'],
        summary: 'How every provider stands',
        response: { 200: component('ProviderStatusList', pageOf(providerStatusSchema)) },
      },
    },
    async () => {
      const data = await deps.providerStatus();
      return {
        object: 'list' as const,
        data,
        has_more: false,
        first_id: data.at(0)?.name ?? null,
        last_id: data.at(-1)?.name ?? null,
      };
    },
  );
}

/**
 * `POST /v1/admin/providers/{name}/pause`: its jobs wait; calls under way end as they would. Doing it twice
 * is doing it once.
 */
export function pauseProviderRoute(app: App, deps: SwitchDeps): void {
  app.post(
    '/v1/admin/providers/:id/pause',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'pauseProvider',
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

/** `POST /v1/admin/providers/{name}/resume`: its jobs go on. Doing it twice is doing it once. */
export function resumeProviderRoute(app: App, deps: SwitchDeps): void {
  app.post(
    '/v1/admin/providers/:id/resume',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'resumeProvider',
        tags: ['operator'],
        summary: 'Let the jobs of a provider go on',
        params: idParams,
        response: { 200: providerStatusSchema },
      },
    },
    async (request, reply) => {
      await switchProvider(request, reply, deps, request.params.id, async (tx) => {
        await deletePausedProvider(tx, request.params.id);
        return { paused: false };
      });
      return reply;
    },
  );
}
