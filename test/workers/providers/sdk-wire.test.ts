import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenaiApi, ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { toAnthropicRequest } from '../../../src/workers/providers/anthropic-request.ts';
import { toGoogleRequest } from '../../../src/workers/providers/google-request.ts';
import { compatibleDialect, openaiDialect } from '../../../src/workers/providers/openai-dialect.ts';
import { toOpenaiRequest } from '../../../src/workers/providers/openai-request.ts';
import { toResponsesRequest } from '../../../src/workers/providers/openai-responses-request.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { connect, failed } from './setup.ts';

/** What providers act on. `x-stainless-…` and `x-goog-api-client` report of the SDK itself. */
const acted = ['accept', 'content-type', 'authorization', 'x-api-key', 'anthropic-version', 'x-goog-api-key'];

type Sent = { path: string; headers: Record<string, unknown>; body: unknown };

let seen: Sent[] = [];
const server = createServer(async (incoming, outgoing) => {
  let body = '';
  for await (const chunk of incoming) body += chunk;
  const path = `${incoming.method} ${incoming.url}`;
  seen.push({ path, headers: pick(incoming.headers), body: JSON.parse(body) });
  outgoing.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
});
let url = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const pick = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(
    acted.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]),
  );

const apiKey = 'sk-0123456789';
const openai = () => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
const google = () => new GoogleGenAI({ apiKey, apiVersion: 'v1beta', httpOptions: { baseUrl: url } });

/** The same call through the SDK of its provider. */
async function askSdk(kind: ProviderKind, call: ProviderCall): Promise<unknown> {
  const stream = call.stream && { stream: true as const };
  if (kind === 'google') {
    const { models } = google();
    const body = toGoogleRequest(call);
    return await (call.stream ? models.generateContentStream(body) : models.generateContent(body));
  }
  if (kind === 'anthropic') {
    const body = toAnthropicRequest(call);
    const samples = body.temperature !== undefined || body.top_p !== undefined;
    const older = { 'anthropic-version': '2023-06-01', 'x-api-key': apiKey, authorization: null };
    return await anthropic().messages.create({ ...body, ...stream }, samples ? { headers: older } : {});
  }
  if (call.api === 'responses')
    return await openai().responses.create({ ...toResponsesRequest(call), ...stream });
  const dialect = kind === 'openai' ? openaiDialect : compatibleDialect();
  return await openai().chat.completions.create({ ...toOpenaiRequest(call, dialect), ...stream });
}

const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

const requests: Record<string, Partial<ChatRequest>> = {
  'a question': {},
  'turns, an instruction and a picture': {
    messages: [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Q' },
      { role: 'assistant', content: 'A' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'this' },
          { type: 'image_url', image_url: { url: pixel } },
        ],
      },
    ],
  },
  'tools that were called': {
    tools: [{ type: 'function', function: { name: 'look', description: 'D', parameters } }],
    tool_choice: 'required',
    messages: [
      { role: 'user', content: 'Q' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{"city":"Riga"}' } }],
        extra_content: { google: { thought_signature: 'c2ln' } },
      },
      { role: 'tool', tool_call_id: 'a', content: 'rain' },
    ],
  },
  'sampling, a schema and thought': {
    temperature: 0.5,
    stop: ['x'],
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters } },
  },
};

const targets: [kind: ProviderKind, model: string, api?: OpenaiApi][] = [
  ['openai', 'gpt-5-mini'],
  ['openai', 'gpt-5.4', 'responses'],
  ['compatible', 'llama-3.3'],
  ['anthropic', 'claude-haiku-4-5'],
  ['google', 'gemini-2.5-flash'],
];
const cases = targets.flatMap(([kind, model, api]) =>
  Object.keys(requests).flatMap((what) =>
    [false, true].map((stream) => ({ kind, model, api, what, stream })),
  ),
);

test.each(cases)('$kind $model is sent $what as its SDK sends it, stream $stream', async (given) => {
  const { kind, model, api, what, stream } = given;
  const call: ProviderCall = {
    attemptId: 'att_1',
    model,
    ...(api !== undefined && { api }),
    request: { model: 'p/m', messages: [{ role: 'user', content: 'hi' }], ...requests[what] },
    maxOutputTokens: 400,
    stream,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  };
  seen = [];
  const provider = connect(kind, url, { apiKey });
  failed(await provider.call(call));
  await provider.close();
  await expect(askSdk(kind, call)).rejects.toThrow();
  const [ours, sdks] = seen;
  expect(sdks).toBeDefined();
  // Google's SDK takes any kind of answer, and its API gives one only.
  expect({ ...ours, headers: { ...ours?.headers, accept: null } }).toEqual({
    ...sdks,
    headers: { ...sdks?.headers, accept: null },
  });
  if (kind !== 'google') expect(ours?.headers['accept']).toBe(sdks?.headers['accept']);
});
