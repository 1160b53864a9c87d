import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { toGoogleBody } from './google-body.ts';
import { toGoogleRequest } from './google-request.ts';
import { createGoogleAssembler } from './google-stream.ts';
import { jsonHeaders, placeholderKey } from './json-headers.ts';
import type { Provider, ProviderCall, ProviderSettings } from './provider.ts';
import { runCall, type Upstream } from './run-call.ts';
import { createTransport } from './transport.ts';

/** Gemini's API (`v1beta`). The base URL is bare, without the version. */
export function createGoogleProvider(settings: ProviderSettings): Provider {
  const transport = createTransport(settings);
  const headers = jsonHeaders({ 'x-goog-api-key': settings.apiKey ?? placeholderKey });

  const upstream: Upstream = {
    ask: (call) => ({ path: pathOf(call), headers, body: writeJson(toGoogleBody(toGoogleRequest(call))) }),
    translate(body, call) {
      const assembler = createGoogleAssembler({ ...call, onDelta: () => undefined });
      assembler.add(body);
      return assembler.completed(true);
    },
    createAssembler: createGoogleAssembler,
  };

  return {
    name: settings.name,
    call: (call: ProviderCall) => runCall(upstream, transport, settings, call),
    close: transport.close,
  };
}

/** A tuned model has its own collection in its name (SDK 3.3 `tModel`). */
function pathOf({ model, stream }: ProviderCall): string {
  const named = /^(?:tunedM|m)odels\//.test(model) ? model : `models/${model}`;
  const path = `/v1beta/${named.split('/').map(encodeURIComponent).join('/')}`;
  return stream ? `${path}:streamGenerateContent?alt=sse` : `${path}:generateContent`;
}
