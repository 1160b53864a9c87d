import OpenAI, { APIError } from 'openai';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { fromOpenaiCompletion } from './openai-completion.ts';
import { type OpenaiDialect, toOpenaiRequest } from './openai-request.ts';
import { fromResponse } from './openai-responses-answer.ts';
import { toResponsesRequest } from './openai-responses-request.ts';
import { createResponsesAssembler } from './openai-responses-stream.ts';
import { createOpenaiAssembler } from './openai-stream.ts';
import { createChatAssembly, passedChatOf } from './passed-chat.ts';
import { createResponseAssembly, passedResponseOf } from './passed-response.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { type Passing, runCall, type Upstream } from './run-call.ts';
import { placeholderKey, sdkTimeoutMs } from './sdk-options.ts';
import { createTransport } from './transport.ts';

/** A request in OpenAI's Responses dialect goes there as it is; another, where its model needs it. */
const asksResponses = ({ api, request }: ProviderCall) =>
  request.pass_through?.dialect === 'responses' || api === 'responses';

/** OpenAI, or a server with its wire, behind the official SDK. The base URL ends in `/v1`. */
export function createOpenaiProvider(settings: ProviderSettings, dialect: OpenaiDialect): Provider {
  const transport = createTransport(settings);

  /** Everything is given, null included: what is left out the SDK reads from the environment. */
  function createClient(fetchFn: typeof fetch): OpenAI {
    return new OpenAI({
      apiKey: settings.apiKey ?? placeholderKey,
      adminAPIKey: null,
      organization: null,
      project: null,
      baseURL: settings.baseUrl,
      maxRetries: 0,
      timeout: sdkTimeoutMs,
      logLevel: 'off',
      fetch: fetchFn,
    });
  }

  const chatBody = (call: ProviderCall) =>
    markValue(passedChatOf(call, dialect) ?? toOpenaiRequest(call, dialect));
  const responsesBody = (call: ProviderCall) => markValue(passedResponseOf(call) ?? toResponsesRequest(call));

  const upstream: Upstream = {
    async ask(call, fetchFn) {
      const client = createClient(fetchFn);
      // The SDK's own method would read the answer before us, and break where it has another shape.
      if (asksResponses(call)) return await client.post('/responses', { body: responsesBody(call) });
      return await client.chat.completions.create(chatBody(call));
    },
    async askStream(call, fetchFn) {
      const client = createClient(fetchFn);
      if (asksResponses(call)) {
        return await client.responses.create({ ...responsesBody(call), stream: true });
      }
      return await client.chat.completions.create({ ...chatBody(call), stream: true as const });
    },
    translate: (body, call) =>
      asksResponses(call) ? fromResponse(body, call) : fromOpenaiCompletion(body, call.request.model),
    createAssembler: (call) =>
      asksResponses(call) ? createResponsesAssembler(call) : createOpenaiAssembler(call),
    isStreamError: (error) => error instanceof APIError && error.error !== undefined,
    passing: ({ request }) => passings[request.pass_through?.dialect ?? ''] ?? null,
  };

  return {
    name: settings.name,
    call: (call: ProviderCall) => runCall(upstream, transport, settings, call),
    close: transport.close,
  };
}

const passings: Record<string, Passing> = {
  chat: { dialect: 'chat', createAssembly: createChatAssembly },
  responses: { dialect: 'responses', createAssembly: createResponseAssembly },
};
