import { z } from 'zod';
import { component } from '../../openapi/components.ts';

/** How one provider stands: what it may take, what waits for it, and what its gate knows of each model. */
export const providerStatusSchema = component(
  'ProviderStatus',
  z.object({
    name: z.string(),
    paused: z.boolean(),
    simulated: z.boolean(),
    window: z.number().int(),
    backlog: z.number().int(),
    running: z.number().int(),
    models: z.array(
      z.object({
        model: z.string(),
        breaker: z.enum(['closed', 'open', 'half_open']),
        blocked_until: z.string().nullable(),
        requests_left: z.number().nullable(),
        tokens_left: z.number().nullable(),
      }),
    ),
  }),
);

export type ProviderStatus = z.output<typeof providerStatusSchema>;

/** What the provider routes need: the state of every configured provider, now. */
export type ProviderStatusDeps = { providerStatus(): Promise<ProviderStatus[]> };
