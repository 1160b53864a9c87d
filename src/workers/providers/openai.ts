import type { Answer } from '../../shared/chat/call-result.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { createChatAssembly } from './chat-assembly.ts';
import { jsonHeaders, placeholderKey } from './json-headers.ts';
import { fromOpenaiCompletion } from './openai-completion.ts';
import type { OpenaiDialect } from './openai-dialect.ts';
import { runWithFitReasoning } from './openai-fit-reasoning.ts';
import { runWithLostReasoning } from './openai-lost-reasoning.ts';
import { toOpenaiRequest } from './openai-request.ts';
import { createResponsesUpstream } from './openai-responses.ts';
import { createOpenaiAssembler } from './openai-stream.ts';
import { passedChatOf } from './passed-chat.ts';
import { createChunkFitter } from './passed-chunks.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { createTransport } from './transport.ts';

/** A request in this dialect goes there as it is; another, where its model needs it. */
const asksResponses = ({ api, request }: ProviderCall) =>
  request.pass_through?.dialect === 'responses' || api === 'responses';

/**
 * OpenAI, or a server with its wire. The base URL ends in `/v1`. Paths and headers are those of its SDK
 * (`buildRequest` of SDK 7.59).
 */
export function createOpenaiProvider(settings: ProviderSettings, dialect: OpenaiDialect): Provider {
  const transport = createTransport(settings);
  const headers = jsonHeaders({ authorization: `Bearer ${settings.apiKey ?? placeholderKey}` });
  /** Models that refused `max_tokens` by name. */
  const renamed = new Set<string>();

  function bodyOf(call: ProviderCall) {
    const isRenamed = renamed.has(call.model);
    const own = isRenamed ? { ...dialect, maxTokensField: 'max_completion_tokens' as const } : dialect;
    return passedChatOf(call, own) ?? toOpenaiRequest(call, own);
  }

  /** A server that refuses the older name of the bound did nothing yet: it is asked with the newer one. */
  async function callAndLearn(call: ProviderCall): Promise<Answer> {
    const answer = await runCall(chat, transport, settings, call);
    if (renamed.has(call.model) || dialect.maxTokensField !== 'max_tokens' || !wantsNewName(answer))
      return answer;
    renamed.add(call.model);
    return await runCall(chat, transport, settings, call);
  }

  const chat: Upstream = {
    ask: (call) => ({ path: '/chat/completions', headers, body: writeJson(bodyOf(call)) }),
    translate: (body, call) => fromOpenaiCompletion(body, call.request.model),
    createAssembler: createOpenaiAssembler,
    passing: ({ request }) =>
      request.pass_through?.dialect === 'chat'
        ? { dialect: 'chat', createAssembly: createChatAssembly, createFitter: createChunkFitter }
        : null,
  };

  const responses = createResponsesUpstream(headers);

  return {
    name: settings.name,
    call: (call: ProviderCall) =>
      asksResponses(call)
        ? runWithFitReasoning(call, (one) => runCall(responses, transport, settings, one))
        : runWithLostReasoning(call, callAndLearn),
    close: transport.close,
  };
}

/**
 * OpenAI's and Azure's words for reasoning models: "Unsupported parameter: 'max_tokens' is not supported with
 * this model. Use 'max_completion_tokens' instead."
 */
function wantsNewName(answer: Answer): boolean {
  if (answer.kind !== 'failed' || answer.failure.reason !== 'rejected') return false;
  return /\bmax_tokens\b[\s\S]*\bmax_completion_tokens\b/.test(answer.failure.message);
}
