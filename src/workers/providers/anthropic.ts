import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { fromAnthropicMessage } from './anthropic-completion.ts';
import { type AnthropicBody, toAnthropicRequest } from './anthropic-request.ts';
import { createAnthropicAssembler } from './anthropic-stream.ts';
import { createMessageAssembly } from './message-assembly.ts';
import { passedMessageOf } from './passed-message.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { placeholderKey, sdkTimeoutMs } from './sdk-options.ts';
import { createTransport } from './transport.ts';

/**
 * The last API version whose requests have `temperature` and `top_p`, and the key header that goes with it.
 */
const samplingVersion = '2023-06-01';

type HeadersLike = Record<string, string | null>;

/** Anthropic behind the official SDK. The base URL is bare, without `/v1`. */
export function createAnthropicProvider(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);
  const apiKey = settings.apiKey ?? placeholderKey;

  function createClient(fetchFn: typeof fetch): Anthropic {
    return new Anthropic({
      apiKey,
      baseURL: settings.baseUrl,
      maxRetries: 0,
      timeout: sdkTimeoutMs,
      logLevel: 'off',
      fetch: fetchFn,
    });
  }

  /** Claude up to 4.6 still knows sampling settings, but only under the version that has them. */
  function optionsFor(body: Pick<AnthropicBody, 'temperature' | 'top_p'>): { headers?: HeadersLike } {
    if (body.temperature === undefined && body.top_p === undefined) return {};
    return { headers: { 'anthropic-version': samplingVersion, 'x-api-key': apiKey, authorization: null } };
  }

  function requestOf(call: ProviderCall): { body: AnthropicBody; options: { headers?: HeadersLike } } {
    const passed = passedMessageOf(call);
    if (passed === null) {
      const body = markValue(toAnthropicRequest(call));
      return { body, options: optionsFor(body) };
    }
    // The key header that each version of the API knows.
    const headers = { ...optionsFor({ temperature: 0 }).headers, ...passed.headers };
    return { body: markValue(passed.body), options: { headers } };
  }

  const upstream: Upstream = {
    lacks: ['json_mode', 'white_space_stops'],
    async ask(call, fetchFn) {
      const { body, options } = requestOf(call);
      return await createClient(fetchFn).messages.create(body, options);
    },
    async askStream(call, fetchFn) {
      const { body, options } = requestOf(call);
      return await createClient(fetchFn).messages.create({ ...body, stream: true }, options);
    },
    translate: (body, call) => fromAnthropicMessage(body, call.request.model),
    createAssembler: createAnthropicAssembler,
    isStreamError: (error) => error instanceof APIError && error.error !== undefined,
    passing: ({ request }) =>
      request.pass_through?.dialect === 'messages'
        ? { dialect: 'messages', createAssembly: createMessageAssembly }
        : null,
  };

  return {
    name: settings.name,
    call: (call: ProviderCall) => runCall(upstream, transport, settings, call),
    close: transport.close,
  };
}
