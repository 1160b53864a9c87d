import type { Refusal } from '../../../shared/errors.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import { createChunks, toChatCompletion } from '../../../shared/formats/openai-chat/chat-completion.ts';
import { chatCompletionsShape } from '../../../shared/formats/openai-chat/chat-request.ts';
import type { App } from '../../http/app.ts';
import { judgedOf } from '../../http/judged-body.ts';
import { problemBody } from '../../http/problem.ts';
import { type AnswerDeps, answerInPieces, answerWhole, type Narration } from '../../sync/answer-call.ts';
import type { Call, PlacedCall } from '../../sync/submit-call.ts';

/**
 * `POST /v1/chat/completions`: OpenAI's, over every provider. The call is a job like any other; `x-job-id`
 * names it.
 */
export function createChatCompletion(app: App, deps: AnswerDeps): void {
  const schema = { tags: ['openai'], summary: 'Create a chat completion', body: chatCompletionsShape };
  const config = { scope: 'jobs' as const, judged: 'chat' as const };
  app.post('/v1/chat/completions', { config, schema }, async (request, reply) => {
    const body = judgedOf(request, 'chat');
    const { priced, stream, metadata } = body;
    const call: Call = { surface: 'chat', priced, stream, metadata };
    if (!stream) {
      const { completion, job } = await answerWhole(deps, request, reply, call);
      return toChatCompletion(completion, job.id);
    }
    const model = deps.catalogue.find(body.model)?.id ?? body.model;
    return await answerInPieces(deps, request, reply, call, (placed) =>
      narrate(body, placed, model, request.id),
    );
  });
}

function narrate(
  body: { includeUsage: boolean },
  placed: PlacedCall,
  model: string,
  requestId: string,
): Narration {
  const { jobId, createdAt } = placed;
  const chunks = createChunks({ jobId, model, createdAt, includeUsage: body.includeUsage });
  const frames = (values: object[]) => values.map((value) => `data: ${writeJson(value)}\n\n`).join('');
  return {
    started: () => '',
    delta: (delta) => frames(chunks.delta(delta)),
    ended: ({ completion }) => `${frames(chunks.ended(completion))}data: [DONE]\n\n`,
    failed: (refusal: Refusal) => frames([{ error: problemBody(refusal, requestId).error }]),
  };
}
