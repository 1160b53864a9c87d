import { z } from 'zod';
import { Refusal } from '../../../shared/errors.ts';
import type { JobEvents } from '../../../shared/events/job-events.ts';
import { toResponse } from '../../../shared/formats/openai-responses/response-object.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { eraseJob, eraseOriginal } from '../../../shared/jobs/sql/content.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { createSharedReads } from '../../http/shared-reads.ts';
import { type CancelDeps, cancelOne } from '../../intake/cancel-job.ts';
import { eventStream, json, media } from '../../openapi/components.ts';
import { deletedResponseSchema, responseSchema } from '../../openapi/schemas/response.ts';
import { type SendResponseDeps, sendResponse } from '../../responses/send-response.ts';
import { readResponse, readResponseRecord } from '../../responses/stored-response.ts';
import type { FinalWatch } from '../../watch/final-watch.ts';

const sequenceNumber = z
  .string()
  .regex(/^\d{1,9}$/, { error: 'must be the sequence_number of an event, a whole number' })
  .transform(Number);

/**
 * `GET /v1/responses/{id}`: the response as it stands, or with `stream=true` its events from `starting_after`
 * on.
 */
export function getResponseRoute(app: App, deps: SendResponseDeps): void {
  const schema = {
    operationId: 'getResponse',
    response: { 200: media({ 'application/json': responseSchema, 'text/event-stream': eventStream }) },
    tags: ['openai'],
    summary: 'Retrieve a response',
    params: idParams,
    querystring: z.strictObject({
      stream: z.enum(['true', 'false']).optional(),
      starting_after: sequenceNumber.optional(),
      include_obfuscation: z.string().optional(),
      include: z.union([z.string(), z.array(z.string())]).optional(),
      'include[]': z.union([z.string(), z.array(z.string())]).optional(),
    }),
  };
  const options = { exposeHeadRoute: false, config: { scope: 'read' as const }, schema };
  const answers = createSharedReads<string>();
  app.get('/v1/responses/:id', options, async (request, reply) => {
    const { stream, starting_after: after = -1 } = request.query;
    const { id } = request.params;
    if (stream === 'true') return await sendResponse(deps, request, reply, { id, stream: true, after });
    const accountId = accountOf(request);
    const read = async () => writeJson(toResponse((await readResponse(deps.sql, accountId, id)).facts));
    const answer = await answers(`${accountId} ${id}`, read);
    return reply.type('application/json; charset=utf-8').send(answer);
  });
}

/** A worker that hears of it stops its call well within this time. */
const stopMs = 5000;

type CancelResponseDeps = CancelDeps & { finals: FinalWatch };

/** `POST /v1/responses/{id}/cancel`: ends a response in the background; one that has ended stays as it is. */
export function cancelResponseRoute(app: App, deps: CancelResponseDeps): void {
  const schema = {
    operationId: 'cancelResponse',
    response: { 200: json(responseSchema) },
    tags: ['openai'],
    summary: 'Cancel a background response',
    params: idParams,
  };
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

type DeleteResponseDeps = CancelDeps & { events: Pick<JobEvents, 'announce' | 'log'> };

/**
 * `DELETE /v1/responses/{id}`: erases its texts; one that has not ended is stopped and cannot be found any
 * more.
 */
export function deleteResponseRoute(app: App, deps: DeleteResponseDeps): void {
  const schema = {
    operationId: 'deleteResponse',
    response: { 200: json(deletedResponseSchema) },
    tags: ['openai'],
    summary: 'Delete a response',
    params: idParams,
  };
  app.delete('/v1/responses/:id', { config: { scope: 'jobs' }, schema }, async (request) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const { job } = await readResponseRecord(deps.sql, accountId, id);
    if (!isFinal(job.state)) {
      await eraseOriginal(deps.sql, job.id);
      await cancelOne(deps, accountId, job.id);
    } else {
      await eraseJob(deps.sql, accountId, job.id);
      // Without Redis its log ends by itself, a day after its last event.
      await deps.events.log.erase(job.id).catch(() => undefined);
    }
    return { id, object: 'response', deleted: true };
  });
}
