import { APIError, type OpenAI } from 'openai';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { fromResponse } from './openai-responses-answer.ts';
import { toResponsesRequest } from './openai-responses-request.ts';
import { createResponsesAssembler } from './openai-responses-stream.ts';
import { createResponseAssembly, passedResponseOf } from './passed-response.ts';
import type { ProviderCall } from './provider.ts';
import type { Upstream } from './run-call.ts';

/** OpenAI's Responses API, for its own clients and for the models that are asked through it. */
export function createResponsesUpstream(createClient: (fetchFn: typeof fetch) => OpenAI): Upstream {
  return {
    async ask(call, fetchFn) {
      // The SDK's own method would read the answer before us, and break where it has another shape.
      return await createClient(fetchFn).post('/responses', { body: bodyOf(call) });
    },
    async askStream(call, fetchFn) {
      const body = { ...bodyOf(call), stream: true as const };
      return await createClient(fetchFn).responses.create(body);
    },
    translate: fromResponse,
    createAssembler: createResponsesAssembler,
    isStreamError: (error) => error instanceof APIError && error.error !== undefined,
    passing: ({ request }) =>
      request.pass_through?.dialect === 'responses'
        ? { dialect: 'responses', createAssembly: createResponseAssembly }
        : null,
  };
}

const bodyOf = (call: ProviderCall) => markValue(passedResponseOf(call) ?? toResponsesRequest(call));
