import OpenAI from 'openai';
import { answerCall } from './answer-call.ts';
import { readCompletion, readStream } from './openai-answer.ts';
import { toOpenAiBody } from './openai-request.ts';
import type { Provider, ProviderSettings } from './provider.ts';
import { createTransport } from './transport.ts';

/**
 * OpenAI, or an upstream that speaks its chat completions. `settings.baseUrl` ends in `/v1`. The SDK's own retries are off:
 * it would hide calls from the ledger.
 */
export function createOpenAi(settings: ProviderSettings, dialect: 'openai' | 'compatible'): Provider {
  const transport = createTransport(settings);
  return {
    name: settings.name,
    close: transport.close,
    call: (call) =>
      answerCall(transport, call, async (wire, collector) => {
        const client = new OpenAI({
          // Some compatible upstreams need no key; the SDK insists on one.
          apiKey: settings.apiKey ?? 'none',
          baseURL: settings.baseUrl,
          maxRetries: 0,
          timeout: settings.totalTimeoutMs,
          fetch: wire.fetch,
        });
        const body = toOpenAiBody(call, dialect);
        if (!call.stream) {
          const answer = await client.chat.completions.create(
            { ...body, stream: false },
            { signal: wire.signal },
          );
          return readCompletion(answer, call.request.model);
        }
        const stream = await client.chat.completions.create(
          { ...body, stream: true },
          { signal: wire.signal },
        );
        return readStream(stream, call.request.model, collector);
      }),
  };
}
