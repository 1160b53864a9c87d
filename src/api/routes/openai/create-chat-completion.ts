import type { Refusal } from '../../../shared/domain/errors.ts';
import { writeJson } from '../../../shared/json/verbatim.ts';
import { createChunks, toChatCompletion } from '../../../shared/requests/chat-completion.ts';
import { type ChatCompletionsBody, chatCompletionsShape } from '../../../shared/requests/chat-request.ts';
import type { App } from '../../http/app.ts';
import { problemBody } from '../../http/problem.ts';
import { type AnswerDeps, answerInPieces, answerWhole, type Narration } from '../../sync/answer-call.ts';
import type { Call, PlacedCall } from '../../sync/place-call.ts';

/** `POST /v1/chat/completions`: OpenAI's, over every provider. The call is a job like any other; `x-job-id` names it. */
export function createChatCompletion(app: App, deps: AnswerDeps): void {
  const schema = { tags: ['openai'], summary: 'Create a chat completion', body: chatCompletionsShape };
  app.post('/v1/chat/completions', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const { body } = request;
    if (!body.stream) {
      const { completion, job } = await answerWhole(deps, request, reply, toCall(body));
      return toChatCompletion(completion, job.id);
    }
    return await answerInPieces(deps, request, reply, toCall(body), (placed) =>
      narrate(body, placed, modelOf(deps, body), request.id),
    );
  });
}

const toCall = ({ request, stream }: ChatCompletionsBody): Call => ({ surface: 'chat', request, stream });

function modelOf(deps: AnswerDeps, { request }: ChatCompletionsBody): string {
  return deps.catalogue.find(request.model)?.id ?? request.model;
}

function narrate(body: ChatCompletionsBody, placed: PlacedCall, model: string, requestId: string): Narration {
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
