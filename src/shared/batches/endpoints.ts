import type { z } from 'zod';
import { type ChatCompletion, type ChatRequest, type PassThrough, responseStatusOf } from '../chat/chat.ts';
import { invalid } from '../errors.ts';
import { toAnthropicMessage } from '../formats/anthropic-messages/message-object.ts';
import { messagesSchema } from '../formats/anthropic-messages/message-request.ts';
import { passedMessage } from '../formats/anthropic-messages/passed-message.ts';
import { problemsOf } from '../formats/common/zod-problems.ts';
import { toChatCompletion } from '../formats/openai-chat/chat-completion.ts';
import { chatCompletionsSchema } from '../formats/openai-chat/chat-request.ts';
import { passedChat } from '../formats/openai-chat/passed-chat.ts';
import { passedResponse } from '../formats/openai-responses/passed-response.ts';
import { toResponse } from '../formats/openai-responses/response-object.ts';
import {
  type ResponsesBody,
  responsesSchema,
  toChatRequest,
} from '../formats/openai-responses/response-request.ts';
import { responseIdOf } from '../ids.ts';
import type { Surface } from '../jobs/rules/job.ts';
import { readJson } from '../platform/json/read-json.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import type { BatchEndpointName } from './rules/batch.ts';

/** The job behind a line that has a result. */
export type LineJob = {
  jobId: string;
  model: string;
  createdAt: Date;
  finishedAt: Date;
  original: string | null;
};

export type BatchEndpoint = {
  /** Whose words the fields of a line are in. */
  surface: Surface;
  /**
   * The body of a line as the engine takes it, and the metadata it gives; throws a Refusal with every
   * problem.
   */
  read(body: unknown): {
    request: ChatRequest;
    passThrough?: PassThrough | undefined;
    original: string | null;
    metadata: Record<string, string>;
  };
  /** The body of the answer, in the shape of the endpoint. */
  write(completion: ChatCompletion, job: LineJob): unknown;
};

const notInBatches = (param: string) =>
  invalid([{ param, message: 'is not possible in a batch; leave it out' }]);

/** What a line of each endpoint asks, and how it is answered. */
export const endpoints: Readonly<Record<BatchEndpointName, BatchEndpoint>> = {
  '/v1/chat/completions': {
    surface: 'chat',
    read: (given) => {
      const { request, stream } = readAs(chatCompletionsSchema, given);
      if (stream) throw notInBatches('stream');
      const passThrough = passedChat(given);
      return { request, passThrough, original: null, metadata: request.metadata ?? {} };
    },
    write: (completion, { jobId }) => toChatCompletion(completion, jobId),
  },
  '/v1/responses': {
    surface: 'responses',
    read: (given) => {
      const body = readAs(responsesSchema, given);
      for (const param of ['stream', 'background', 'previous_response_id'] as const) {
        if (body[param]) throw notInBatches(param);
      }
      const metadata = body.metadata ?? {};
      const passThrough = passedResponse(given, []);
      return { request: toChatRequest(body, []), passThrough, original: writeJson(body), metadata };
    },
    write: (completion, job) =>
      toResponse({
        id: responseIdOf(job.jobId),
        createdAt: job.createdAt,
        completedAt: job.finishedAt,
        model: job.model,
        status: responseStatusOf(completion),
        error: null,
        completion,
        body: readJson(job.original ?? '{}') as ResponsesBody,
      }),
  },
  '/v1/messages': {
    surface: 'messages',
    read: (given) => {
      const { request, stream, metadata } = readAs(messagesSchema, given);
      if (stream) throw notInBatches('stream');
      return { request, passThrough: passedMessage(given), original: null, metadata };
    },
    write: (completion, { jobId }) => toAnthropicMessage(completion, jobId),
  },
};

function readAs<Shape extends z.ZodType>(shape: Shape, given: unknown): z.output<Shape> {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  throw invalid(problemsOf(result.error));
}
