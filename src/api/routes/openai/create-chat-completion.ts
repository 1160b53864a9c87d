import type { FastifyRequest } from 'fastify';
import type { Refusal } from '../../../shared/errors.ts';
import { createChunks, toChatCompletion } from '../../../shared/formats/openai-chat/chat-completion.ts';
import { createPassedChunks } from '../../../shared/formats/openai-chat/passed-chat.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { App } from '../../http/app.ts';
import { problemBody } from '../../http/problem.ts';
import { validatedOf } from '../../http/validated-body.ts';
import { eventStream, media } from '../../openapi/components.ts';
import { chatCompletionSchema } from '../../openapi/schemas/chat-completion.ts';
import { chatCompletionRequest } from '../../openapi/schemas/requests.ts';
import { type ReplyDeps, streamReply, waitForReply } from '../../sync/reply-to-call.ts';
import type { StreamEncoder } from '../../sync/stream-encoder.ts';
import type { Call, SubmittedCall } from '../../sync/submit-call.ts';

/**
 * `POST /v1/chat/completions`: OpenAI's, over every provider. The call is a job like any other; `x-job-id`
 * names it.
 */
export function createChatCompletionRoute(app: App, deps: ReplyDeps): void {
  const schema = {
    operationId: 'createChatCompletion',
    response: { 200: media({ 'application/json': chatCompletionSchema, 'text/event-stream': eventStream }) },
    tags: ['openai'],
    summary: 'Create a chat completion',
    body: chatCompletionRequest,
  };
  const config = { scope: 'jobs' as const, refuses: [402, 404, 502, 504], validates: 'chat' as const };
  app.post('/v1/chat/completions', { config, schema }, async (request, reply) => {
    const body = validatedOf(request, 'chat');
    const { priced, stream, metadata } = body;
    const call: Call = { surface: 'chat', priced, stream, metadata };
    if (!stream) {
      const { completion, job } = await waitForReply(deps, request, reply, call);
      return toChatCompletion(completion, job.id);
    }
    const model = deps.catalogue.find(body.model)?.id ?? body.model;
    return await streamReply(deps, request, reply, call, (placed) =>
      createEncoder(body, placed, model, request),
    );
  });
}

function createEncoder(
  body: { includeUsage: boolean; priced: { passes: boolean } },
  placed: SubmittedCall,
  model: string,
  request: FastifyRequest,
): StreamEncoder {
  const { jobId, createdAt } = placed;
  const options = { jobId, model, createdAt, includeUsage: body.includeUsage };
  const chunks = createChunks(options);
  const passed = createPassedChunks(options);
  const frames = (values: object[]) => values.map((value) => `data: ${writeJson(value)}\n\n`).join('');
  return {
    started: () => '',
    delta: (delta) => frames(chunks.delta(delta)),
    passed: (event) => frames(passed.passed(event)),
    ended: ({ completion }) => {
      const last = body.priced.passes ? passed.ended(completion) : chunks.ended(completion);
      return `${frames(last)}data: [DONE]\n\n`;
    },
    failed: (refusal: Refusal) => frames([{ error: problemBody(refusal, request).error }]),
  };
}
