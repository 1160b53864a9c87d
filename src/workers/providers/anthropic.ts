import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { fromAnthropicMessage } from './anthropic-completion.ts';
import { type AnthropicBody, toAnthropicRequest } from './anthropic-request.ts';
import { createAnthropicAssembler } from './anthropic-stream.ts';
import { jsonHeaders, placeholderKey } from './json-headers.ts';
import { createMessageAssembly } from './message-assembly.ts';
import { passedMessageOf } from './passed-message.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { createTransport } from './transport.ts';

/** The version that SDK 1.14 speaks; the key goes with it as a bearer's. */
const currentVersion = '2026-10-21';
/**
 * The last API version whose requests have `temperature` and `top_p`, and the key header that goes with it,
 * which each version of the API knows.
 */
const samplingVersion = '2023-06-01';

/** Anthropic's Messages API. The base URL is bare, without `/v1`. */
export function createAnthropicProvider(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);
  const apiKey = settings.apiKey ?? placeholderKey;
  const current = jsonHeaders({ 'anthropic-version': currentVersion, authorization: `Bearer ${apiKey}` });
  const sampling = jsonHeaders({ 'anthropic-version': samplingVersion, 'x-api-key': apiKey });

  /** Claude up to 4.6 still knows sampling settings, but only under the version that has them. */
  const headersFor = (body: AnthropicBody) =>
    body.temperature === undefined && body.top_p === undefined ? current : sampling;

  function requestOf(call: ProviderCall): { body: AnthropicBody; headers: readonly string[] } {
    const passed = passedMessageOf(call);
    if (passed !== null)
      return { body: passed.body, headers: jsonHeaders({ 'x-api-key': apiKey, ...passed.headers }) };
    const body = toAnthropicRequest(call);
    return { body, headers: headersFor(body) };
  }

  const upstream: Upstream = {
    lacks: ['json_mode', 'white_space_stops'],
    ask(call) {
      const { body, headers } = requestOf(call);
      const sent = call.stream ? { ...body, stream: true } : body;
      return { path: '/v1/messages', headers, body: writeJson(sent) };
    },
    translate: (body, call) => fromAnthropicMessage(body, call.request.model),
    createAssembler: createAnthropicAssembler,
    // Its SDK (1.14 `Stream.fromSSEResponse`) goes by the names, too.
    takes: (eventName) => eventName !== null && eventName !== 'ping',
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
