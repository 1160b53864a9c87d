import { jobBody } from '../../../shared/formats/jobs/job-request.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { idempotent } from '../../http/idempotent.ts';
import { validatedOf } from '../../http/validated-body.ts';

/** POST /v1/estimates: what a job with this body would hold. Takes nothing. */
export function createEstimate(app: App, deps: { sql: Database }): void {
  app.post(
    '/v1/estimates',
    {
      config: { scope: 'jobs', judged: 'job' },
      schema: { summary: 'Bound the cost of a job', body: jobBody },
    },
    async (request, reply) => {
      const { quote } = validatedOf(request, 'job').priced;
      const body = {
        hold_usd: formatUsd(quote.holdNanoUsd),
        input_tokens: quote.inputTokens,
        max_output_tokens: quote.maxOutputTokens,
      };
      return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
    },
  );
}
