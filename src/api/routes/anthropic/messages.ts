import type { FastifyRequest } from 'fastify';
import {
  createMessageEvents,
  type MessageEvent,
} from '../../../shared/formats/anthropic-messages/message-events.ts';
import { toAnthropicMessage } from '../../../shared/formats/anthropic-messages/message-object.ts';
import { createPassedEvents } from '../../../shared/formats/anthropic-messages/passed-events.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { anthropicProblemBody } from '../../http/problem.ts';
import { validatedOf } from '../../http/validated-body.ts';
import { eventStream, media } from '../../openapi/components.ts';
import { messageSchema, tokenCountSchema } from '../../openapi/schemas/message.ts';
import { countTokensRequest, messageRequest } from '../../openapi/schemas/requests.ts';
import { type ReplyDeps, streamReply, waitForReply } from '../../sync/reply-to-call.ts';
import type { StreamEncoder } from '../../sync/stream-encoder.ts';

/**
 * `POST /v1/messages`: Anthropic's, over every provider. The call is a job like any other; `x-job-id` names
 * it.
 */
export function createMessageRoute(app: App, deps: ReplyDeps): void {
  const schema = {
    operationId: 'createMessage',
    response: { 200: media({ 'application/json': messageSchema, 'text/event-stream': eventStream }) },
    tags: ['anthropic'],
    summary: 'Create a message',
    body: messageRequest,
  };
  const config = { scope: 'jobs' as const, refuses: [402, 404, 502, 504], validates: 'message' as const };
  app.post('/v1/messages', { config, schema }, async (request, reply) => {
    const { priced, stream, metadata, model: asked } = validatedOf(request, 'message');
    const call = { surface: 'messages' as const, priced, stream, metadata };
    reply.header('request-id', request.id);
    if (!stream) {
      const { completion, job } = await waitForReply(deps, request, reply, call);
      return toAnthropicMessage(completion, job.id);
    }
    const model = deps.catalogue.find(asked)?.id ?? asked;
    const encode = priced.passes ? createPassedEncoder : createEncoder;
    const [target] = priced.quote.targets;
    const likelyInputTokens = target?.likelyInputTokens ?? priced.quote.inputTokens;
    const answer = { model, likelyInputTokens, request };
    return await streamReply(deps, request, reply, call, ({ jobId }) => encode({ ...answer, jobId }));
  });
}

type Answer = { model: string; jobId: string; likelyInputTokens: number; request: FastifyRequest };

function createEncoder({ model, jobId, likelyInputTokens, request }: Answer): StreamEncoder {
  const events = createMessageEvents(model, jobId, likelyInputTokens);
  return {
    started: () => frames(events.started()),
    delta: (delta) => frames(events.delta(delta)),
    ended: ({ completion }) => frames(events.ended(completion)),
    failed: (refusal) => frames([{ event: 'error', data: anthropicProblemBody(refusal, request) }]),
  };
}

/** For an answer of Claude's, whose events go through. */
function createPassedEncoder(answer: Answer): StreamEncoder {
  const { model, jobId } = answer;
  const events = createPassedEvents(model, jobId);
  return {
    ...createEncoder(answer),
    started: () => '',
    passed: (event) => frames(events.passed(event)),
    ended: ({ completion }) => frames(events.ended(toAnthropicMessage(completion, jobId))),
  };
}

/** Anthropic's SDK goes by the name of an event, not by what its data says. */
function frames(events: MessageEvent[]): string {
  return events.map(({ event, data }) => `event: ${event}\ndata: ${writeJson(data)}\n\n`).join('');
}

/**
 * `POST /v1/messages/count_tokens`: our own bound of what the input counts, the one a hold is made of. It is
 * never less than what a provider will count, and takes nothing.
 */
export function countMessageTokensRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'countMessageTokens',
    response: { 200: tokenCountSchema },
    tags: ['anthropic'],
    summary: 'Count the tokens of a message',
    body: countTokensRequest,
  };
  const config = { scope: 'read' as const, refuses: [404], validates: 'tokens' as const };
  app.post('/v1/messages/count_tokens', { config, schema }, async (request, reply) => {
    accountOf(request);
    reply.header('request-id', request.id);
    const body = { input_tokens: validatedOf(request, 'tokens').inputTokens };
    return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
  });
}
