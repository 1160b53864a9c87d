import { GoogleGenAI } from '@google/genai';
import { answerCall } from './answer-call.ts';
import { readResponse, readResponses } from './google-answer.ts';
import { toGoogleParameters } from './google-request.ts';
import type { Provider, ProviderSettings } from './provider.ts';
import { createTransport } from './transport.ts';

/** Gemini through its generateContent API. `settings.baseUrl` is bare: the SDK adds the version. Its retries are off. */
export function createGoogle(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);
  return {
    name: settings.name,
    close: transport.close,
    call: (call) =>
      answerCall(transport, call, async (wire, collector) => {
        const client = new GoogleGenAI({
          apiKey: settings.apiKey ?? 'none',
          httpOptions: { baseUrl: settings.baseUrl, retryOptions: { attempts: 1 }, fetch: wire.fetch },
        });
        const { config, ...parameters } = toGoogleParameters(call);
        const asked = { ...parameters, config: { ...config, abortSignal: wire.signal } };
        const createdSeconds = Math.floor(Date.now() / 1000);
        if (!call.stream) {
          return readResponse(await client.models.generateContent(asked), call.request.model, createdSeconds);
        }
        const stream = await client.models.generateContentStream(asked);
        return readResponses(stream, call.request.model, createdSeconds, collector);
      }),
  };
}
