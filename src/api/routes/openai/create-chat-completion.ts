import type { Refusal } from '../../../shared/domain/errors.ts';
import type { App } from '../../http/app.ts';
import { type ChatCompletionsBody, chatCompletionsShape } from '../../http/chat-request.ts';
import { problemBody } from '../../http/problem.ts';
import { type AnswerDeps, answerInPieces, answerWhole, type Narration } from '../../sync/answer-call.ts';
import type { Call } from '../../sync/place-call.ts';
import { createChunks, toChatCompletion } from '../../translate/chat-completion.ts';

/** `POST /v1/chat/completions`: OpenAI's, over every provider. The call is a job like any other; `x-job-id` names it. */
export function createChatCompletion(app: App, deps: AnswerDeps): void {
  const schema = { tags: ['openai'], summary: 'Create a chat completion', body: chatCompletionsShape };
  app.post('/v1/chat/completions', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const { body } = request;
    if (!body.stream) {
      const { completion, jobId } = await answerWhole(deps, request, reply, toCall(body));
      return toChatCompletion(completion, jobId);
    }
    return await answerInPieces(deps, request, reply, toCall(body), (jobId) =>
      narrate(body, jobId, modelOf(deps, body), request.id),
    );
  });
}

const toCall = ({ request, stream }: ChatCompletionsBody): Call => ({ surface: 'chat', request, stream });

function modelOf(deps: AnswerDeps, { request }: ChatCompletionsBody): string {
  return deps.catalogue.find(request.model)?.id ?? request.model;
}

function narrate(body: ChatCompletionsBody, jobId: string, model: string, requestId: string): Narration {
  const chunks = createChunks({ jobId, model, createdAt: new Date(), includeUsage: body.includeUsage });
  const frames = (values: object[]) => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');
  return {
    started: () => '',
    delta: (delta) => frames(chunks.delta(delta)),
    ended: (completion) => `${frames(chunks.ended(completion))}data: [DONE]\n\n`,
    failed: (refusal: Refusal) => frames([{ error: problemBody(refusal, requestId).error }]),
  };
}
