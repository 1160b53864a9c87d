import { formatUsd } from '../../../shared/domain/money.ts';
import { type QuoteDeps, quoteJob } from '../../../shared/requests/quote-job.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { jobBody } from '../../http/job-body.ts';
import { toOrder } from './create-job.ts';

/** POST /v1/estimates: what a job with this body would hold. Takes nothing. */
export function createEstimate(app: App, deps: QuoteDeps & { sql: Database }): void {
  app.post(
    '/v1/estimates',
    { config: { scope: 'jobs' }, schema: { summary: 'Bound the cost of a job', body: jobBody } },
    async (request, reply) => {
      const priced = quoteJob(deps, toOrder(request.body), request.account?.defaultMaxOutputTokens ?? null);
      const body = {
        hold_usd: formatUsd(priced.holdNanoUsd),
        input_tokens: priced.inputTokens,
        max_output_tokens: priced.maxOutputTokens,
      };
      return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
    },
  );
}
