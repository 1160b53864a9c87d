import type { FastifyReply, FastifyRequest } from 'fastify';
import { responseStatusOf } from '../../../shared/chat/chat.ts';
import type { Refusal } from '../../../shared/errors.ts';
import type { EarlierTurn } from '../../../shared/formats/openai-responses/earlier-items.ts';
import { createResponseEvents } from '../../../shared/formats/openai-responses/response-events.ts';
import { type ResponseFacts, toResponse } from '../../../shared/formats/openai-responses/response-object.ts';
import type { ResponsesBody } from '../../../shared/formats/openai-responses/response-request.ts';
import { responseIdOf } from '../../../shared/ids.ts';
import type { JobError } from '../../../shared/jobs/rules/job.ts';
import type { PricedRequest } from '../../../shared/jobs/submission.ts';
import { readJson } from '../../../shared/platform/json/read-json.ts';
import type { Validator } from '../../../shared/validation/validator.ts';
import { type AccountSlots, createAccountSlots } from '../../http/account-slots.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { budgetsOf, takeBytes, validatedOf } from '../../http/validated-body.ts';
import { eventStream, media } from '../../openapi/components.ts';
import { responseRequest } from '../../openapi/schemas/requests.ts';
import { responseSchema } from '../../openapi/schemas/response.ts';
import {
  listEarlierTurns,
  listReferencedTurns,
  readEarlierTurns,
  readTurn,
} from '../../responses/earlier-turns.ts';
import { sendResponse, toResponseFrames } from '../../responses/send-response.ts';
import { type ReplyDeps, streamReply, waitForReply } from '../../sync/reply-to-call.ts';
import type { StreamEncoder } from '../../sync/stream-encoder.ts';
import { type Call, type SubmittedCall, submitCall } from '../../sync/submit-call.ts';

/** A response in the background has as long as any job. */
const backgroundSeconds = 86_400;

/** Of conversations larger than this an account has so many in memory at once in one process. */
const large = { bytes: 1024 * 1024, underWayMax: 2, maxWaitMs: 15_000 };
const busyMessage = `${large.underWayMax} long conversations of this account are under way; wait for one to end`;

type ResponseDeps = ReplyDeps & { validator: Pick<Validator, 'body'> };

/**
 * `POST /v1/responses`: OpenAI's, over every provider. In the background it is answered at once and goes on
 * whoever leaves; else it is a call like `POST /v1/chat/completions`. The response is its job under another
 * name: `resp_…` for `job_…`.
 */
export function createResponseRoute(app: App, deps: ResponseDeps): void {
  const schema = {
    operationId: 'createResponse',
    response: { 200: media({ 'application/json': responseSchema, 'text/event-stream': eventStream }) },
    tags: ['openai'],
    summary: 'Create a response',
    body: responseRequest,
  };
  const config = { scope: 'jobs' as const, refuses: [402, 404, 502, 504], validates: 'response' as const };
  const slots = createAccountSlots(large.underWayMax, busyMessage, large.maxWaitMs);
  app.post('/v1/responses', { config, schema }, async (request, reply) => {
    const validated = validatedOf(request, 'response');
    const { references } = validated;
    const body = readJson(validated.echo) as ResponsesBody;
    const call = toCall(
      body,
      validated.priced ?? (await priceWithEarlier(deps, slots, request, { body, references })),
    );
    if (body.background === true) return await begin(deps, request, reply, call, body);
    const model = deps.catalogue.find(body.model)?.id ?? body.model;
    if (body.stream === true) {
      return await streamReply(deps, request, reply, call, (placed) =>
        createEncoder(newFacts(body, model, placed)),
      );
    }
    const { job, completion } = await waitForReply(deps, request, reply, call);
    return toResponse({
      ...newFacts(body, model, { jobId: job.id, createdAt: job.createdAt }),
      completion,
      status: responseStatusOf(completion),
      completedAt: job.finishedAt,
    });
  });
}

/**
 * Validates the body once more, with what was said before it. A small body may bring a large conversation
 * with it: that costs its account what a body of that size would.
 */
async function priceWithEarlier(
  deps: ResponseDeps,
  slots: AccountSlots,
  request: FastifyRequest,
  { body, references }: { body: ResponsesBody; references: string[] },
): Promise<PricedRequest> {
  const accountId = accountOf(request);
  const budgets = budgetsOf(request);
  const turns = await listEarlierTurns(deps.sql, accountId, body.previous_response_id);
  const referred = await listReferencedTurns(deps.sql, accountId, references);
  const bytes = (turns.at(-1)?.bytesSoFar ?? 0) + referred.bytes;
  budgets.spendBytes(request, bytes);
  const defaultMaxOutputTokens = request.account?.defaultMaxOutputTokens ?? null;
  const owner = { accountId, defaultMaxOutputTokens };
  const validator = async () => {
    const earlier = await readEarlierTurns(deps.sql, turns);
    const referenced: EarlierTurn[] = [];
    for (const jobId of referred.jobIds) referenced.push(await readTurn(deps.sql, { jobId }));
    const given = { bytes: takeBytes(request), owner, earlier, referenced };
    return await deps.validator.body('response', given, (tookMs) => budgets.spendCpu(request, tookMs));
  };
  const { priced } = bytes > large.bytes ? await slots(accountId, validator) : await validator();
  if (priced === null) throw new Error('a body with all that was said before it has a price');
  return priced;
}

function toCall(body: ResponsesBody, priced: PricedRequest): Call {
  const call: Call = {
    surface: 'responses',
    priced,
    stream: body.stream === true,
    metadata: body.metadata ?? {},
  };
  if (body.background !== true) return call;
  return { ...call, lane: 'background', expiresInSeconds: backgroundSeconds, announces: 'response' };
}

async function begin(
  deps: ReplyDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
  body: ResponsesBody,
): Promise<FastifyReply> {
  if (body.stream === true) deps.streams.refuseMore(request);
  const placed = await submitCall(deps, request, reply, call);
  const id = responseIdOf(placed.jobId);
  return await sendResponse(deps, request, reply, { id, stream: body.stream === true, after: -1 });
}

type Made = Pick<SubmittedCall, 'jobId' | 'createdAt'>;

function newFacts(body: ResponsesBody, model: string, { jobId, createdAt }: Made): ResponseFacts {
  return {
    id: responseIdOf(jobId),
    createdAt,
    completedAt: null,
    model,
    status: 'in_progress',
    error: null,
    completion: null,
    body,
  };
}

function createEncoder(facts: ResponseFacts): StreamEncoder {
  const events = createResponseEvents(facts);
  return {
    started: () => toResponseFrames([...events.created(), ...events.started()]),
    delta: (delta) => toResponseFrames(events.delta(delta)),
    passed: (event) => toResponseFrames(events.passed(event)),
    ended: ({ completion, job }) =>
      toResponseFrames(events.completed(completion, job.finishedAt ?? job.createdAt)),
    failed: (refusal) =>
      toResponseFrames(events.ended({ status: 'failed', error: toError(refusal), completedAt: null })),
  };
}

function toError({ type, message }: Refusal): JobError {
  return { type: type as JobError['type'], message, provider_status: null };
}
