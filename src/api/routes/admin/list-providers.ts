import type { App } from '../../http/app.ts';
import { pageOf } from '../../http/pages.ts';
import { type ProviderStatusDeps, providerStatusSchema } from './provider-status.ts';

/** `GET /v1/admin/providers`: every provider with its window, its backlog and what its gate knows. */
export function listProviders(app: App, deps: ProviderStatusDeps): void {
  app.get(
    '/v1/admin/providers',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'How every provider stands',
        response: { 200: pageOf(providerStatusSchema) },
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
