import { APIError, type OpenAI } from 'openai';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { fromResponse } from './openai-responses-answer.ts';
import { toResponsesRequest } from './openai-responses-request.ts';
import { createResponsesAssembler } from './openai-responses-stream.ts';
import type { Upstream } from './run-call.ts';

/** OpenAI's Responses API, for the models that are asked through it. */
export function createResponsesUpstream(createClient: (fetchFn: typeof fetch) => OpenAI): Upstream {
  return {
    async ask(call, fetchFn) {
      // The SDK's own method would read the answer before us, and break where it has another shape.
      return await createClient(fetchFn).post('/responses', { body: markValue(toResponsesRequest(call)) });
    },
    async askStream(call, fetchFn) {
      const body = { ...markValue(toResponsesRequest(call)), stream: true as const };
      return await createClient(fetchFn).responses.create(body);
    },
    translate: fromResponse,
    createAssembler: createResponsesAssembler,
    isStreamError: (error) => error instanceof APIError && error.error !== undefined,
  };
}
