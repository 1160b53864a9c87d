import { z } from 'zod';
import type { App } from '../../http/app.ts';
import { type ProviderStatusDeps, providerStatusShape } from './provider-status.ts';

/** `GET /v1/admin/providers`: every provider with its window, its backlog and what its gate knows. */
export function listProviders(app: App, deps: ProviderStatusDeps): void {
  app.get(
    '/v1/admin/providers',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operator'],
        summary: 'How every provider stands',
        response: { 200: z.object({ object: z.literal('list'), data: z.array(providerStatusShape) }) },
      },
    },
    async () => ({ object: 'list' as const, data: await deps.providerStatus() }),
  );
}
