import { Refusal } from '../../../shared/errors.ts';
import { toResponse } from '../../../shared/formats/openai-responses/response-object.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { type CancelDeps, cancelOne } from '../../intake/cancel-job.ts';
import { readResponse, readResponseRecord } from '../../responses/stored-response.ts';
import type { FinalWatch } from '../../watch/final-watch.ts';

/** A worker that hears of the wish stops its call well within this time. */
const stopMs = 5000;

type Deps = CancelDeps & { finals: FinalWatch };

/** `POST /v1/responses/{id}/cancel`: ends a response in the background; one that has ended stays as it is. */
export function cancelResponse(app: App, deps: Deps): void {
  const schema = { tags: ['openai'], summary: 'Cancel a background response', params: idParams };
  app.post('/v1/responses/:id/cancel', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const work = async () => {
      const { job, inBackground } = await readResponseRecord(deps.sql, accountId, request.params.id);
      if (!inBackground) {
        throw new Refusal('invalid_state', 'Only a response with "background": true can be cancelled');
      }
      if (!isFinal(job.state)) {
        await cancelOne(deps, accountId, job.id);
        await deps.finals.whenFinal(job.id, stopMs, request.signal);
      }
      const after = await readResponse(deps.sql, accountId, request.params.id);
      // The call of a model that reasons is read to its end first: it is cancelled all the same.
      const status = isFinal(after.job.state) ? after.facts.status : 'cancelled';
      return { status: 200, body: toResponse({ ...after.facts, status }) };
    };
    return await idempotent(request, reply, deps, work, { outside: true });
  });
}
