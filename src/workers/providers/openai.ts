import OpenAI, { APIError } from 'openai';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { fromOpenaiCompletion } from './openai-completion.ts';
import { type OpenaiDialect, toOpenaiRequest } from './openai-request.ts';
import { createResponsesUpstream } from './openai-responses.ts';
import { runWithReadableReasoning } from './openai-sealed-reasoning.ts';
import { createOpenaiAssembler } from './openai-stream.ts';
import { createChatAssembly, passedChatOf } from './passed-chat.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { placeholderKey, sdkTimeoutMs } from './sdk-options.ts';
import { createTransport } from './transport.ts';

/** A request in this dialect goes there as it is; another, where its model needs it. */
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

  const bodyOf = (call: ProviderCall) =>
    markValue(passedChatOf(call, dialect) ?? toOpenaiRequest(call, dialect));

  const chat: Upstream = {
    async ask(call, fetchFn) {
      return await createClient(fetchFn).chat.completions.create(bodyOf(call));
    },
    async askStream(call, fetchFn) {
      const body = { ...bodyOf(call), stream: true as const };
      return await createClient(fetchFn).chat.completions.create(body);
    },
    translate: (body, call) => fromOpenaiCompletion(body, call.request.model),
    createAssembler: createOpenaiAssembler,
    isStreamError: (error) => error instanceof APIError && error.error !== undefined,
    passing: ({ request }) =>
      request.pass_through?.dialect === 'chat'
        ? { dialect: 'chat', createAssembly: createChatAssembly }
        : null,
  };

  const responses = createResponsesUpstream(createClient);

  return {
    name: settings.name,
    call: (call: ProviderCall) =>
      asksResponses(call)
        ? runWithReadableReasoning(call, (one) => runCall(responses, transport, settings, one))
        : runCall(chat, transport, settings, call),
    close: transport.close,
  };
}
