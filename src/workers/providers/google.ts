import { ApiError, GoogleGenAI } from '@google/genai';
import { markValue } from '../../shared/platform/json/verbatim.ts';
import { toGoogleRequest } from './google-request.ts';
import { createGoogleAssembler } from './google-stream.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { placeholderKey } from './sdk-options.ts';
import { createTransport } from './transport.ts';

/** Gemini behind the official SDK. The base URL is bare, without `/v1beta`. */
export function createGoogleProvider(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);

  function createClient(fetchFn: typeof fetch): GoogleGenAI {
    return new GoogleGenAI({
      apiKey: settings.apiKey ?? placeholderKey,
      vertexai: false,
      // Named, because majors of the SDK have had other defaults, and a base URL may lead to a server with
      // only this one.
      apiVersion: 'v1beta',
      // Without retryOptions the SDK does not retry.
      httpOptions: { baseUrl: settings.baseUrl, fetch: fetchFn },
    });
  }

  const upstream: Upstream = {
    ask: (call, fetchFn) => createClient(fetchFn).models.generateContent(markValue(toGoogleRequest(call))),
    askStream: (call, fetchFn) =>
      createClient(fetchFn).models.generateContentStream(markValue(toGoogleRequest(call))),
    translate(body, call) {
      const assembler = createGoogleAssembler({ ...call, onDelta: () => undefined });
      assembler.add(body);
      return assembler.completed(true);
    },
    createAssembler: createGoogleAssembler,
    isStreamError: (error) => error instanceof ApiError,
  };

  return {
    name: settings.name,
    call: (call: ProviderCall) => runCall(upstream, transport, settings, call),
    close: transport.close,
  };
}
