import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { fromResponse } from './openai-responses-answer.ts';
import { toResponsesRequest } from './openai-responses-request.ts';
import { createResponsesAssembler } from './openai-responses-stream.ts';
import { createResponseAssembly, passedResponseOf } from './passed-response.ts';
import type { ProviderCall } from './provider.ts';
import type { Upstream } from './run-call.ts';

/** OpenAI's Responses API, for its own clients and for the models that are asked through it. */
export function createResponsesUpstream(headers: readonly string[]): Upstream {
  return {
    ask: (call) => ({ path: '/responses', headers, body: writeJson(bodyOf(call)) }),
    translate: fromResponse,
    createAssembler: createResponsesAssembler,
    passing: ({ request }) =>
      request.pass_through?.dialect === 'responses'
        ? { dialect: 'responses', createAssembly: createResponseAssembly }
        : null,
  };
}

const bodyOf = (call: ProviderCall) => {
  const passed = passedResponseOf(call);
  if (passed === null) return toResponsesRequest(call);
  return call.stream ? { ...passed, stream: true } : passed;
};
