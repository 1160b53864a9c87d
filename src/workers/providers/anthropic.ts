import Anthropic from '@anthropic-ai/sdk';
import { answerCall } from './answer-call.ts';
import { readEvents, readMessage } from './anthropic-answer.ts';
import { toAnthropicBody } from './anthropic-request.ts';
import type { Provider, ProviderSettings } from './provider.ts';
import { createTransport } from './transport.ts';

/** Anthropic's Messages API. `settings.baseUrl` is bare: the SDK adds `/v1`. The SDK's own retries are off. */
export function createAnthropic(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);
  return {
    name: settings.name,
    close: transport.close,
    call: (call) =>
      answerCall(transport, call, async (wire, collector) => {
        const client = new Anthropic({
          apiKey: settings.apiKey ?? 'none',
          baseURL: settings.baseUrl,
          maxRetries: 0,
          // Given explicitly, because without it the SDK refuses plain calls that it thinks may take ten minutes.
          timeout: settings.totalTimeoutMs,
          fetch: wire.fetch,
        });
        const body = toAnthropicBody(call);
        const createdSeconds = Math.floor(Date.now() / 1000);
        if (!call.stream) {
          const message = await client.messages.create({ ...body, stream: false }, { signal: wire.signal });
          return readMessage(message, call.request.model, createdSeconds);
        }
        const events = await client.messages.create({ ...body, stream: true }, { signal: wire.signal });
        return readMessage(await readEvents(events, collector), call.request.model, createdSeconds);
      }),
  };
}
