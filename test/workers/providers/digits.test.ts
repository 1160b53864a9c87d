import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { readJson } from '../../../src/shared/platform/json/read-json.ts';
import { writeJson } from '../../../src/shared/platform/json/verbatim.ts';
import { completed, connect } from './setup.ts';

let server: Server | null = null;
afterEach(() => server?.close());

/** A provider that answers this, whatever it is asked; gives what it was sent. */
async function ask(kind: ProviderKind, reply: string, request: Partial<ChatRequest>, stream = false) {
  let sent = '';
  server = createServer(async (incoming, outgoing) => {
    for await (const chunk of incoming) sent += chunk;
    outgoing.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    for (const piece of reply.match(/[\s\S]{1,7}/g) ?? []) outgoing.write(piece);
    outgoing.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider = connect(kind, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const answer = await provider.call({
    attemptId: 'att_1',
    model: kind === 'anthropic' ? 'claude-haiku-4-5' : 'gemini-2.5-flash',
    request: { model: 'p/m', messages: [{ role: 'user', content: 'hi' }], ...request },
    maxOutputTokens: 4000,
    stream,
    reasons: false,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  });
  await provider.close();
  return { sent, completion: completed(answer).completion };
}

const digits = '{"id":2512292042121000001,"far":1e400,"fine":0.12345678901234567891}';
const schema = '{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807}}}';
/** As it comes out of the database: its numbers as they were written. */
const request = readJson(
  `{"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}],
    "messages":[{"role":"user","content":"hi"},
      {"role":"assistant","content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"f","arguments":${JSON.stringify(digits)}}}]},
      {"role":"tool","tool_call_id":"a","content":"1e400"}]}`,
) as Partial<ChatRequest>;

const anthropicReports = `{"id":"m","content":[{"type":"tool_use","id":"t","name":"f","input":${digits}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}`;
const googleCandidate = `{"candidates":[{"index":0,"content":{"parts":[{"functionCall":{"id":"t","name":"f","args":${digits}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}`;
const openaiReports = `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"logprobs":{"content":[${digits},{"token":"x","logprob":-0.00012345678901234567891}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`;

test.each<[ProviderKind, string, boolean]>([
  ['anthropic', anthropicReports, false],
  ['google', googleCandidate, false],
  ['google', `data: ${googleCandidate}\r\n\r\n`, true],
  ['compatible', openaiReports, false],
])('numbers in free JSON reach %s digit by digit, and come back so', async (kind, report, stream) => {
  const { sent, completion } = await ask(kind, report, request, stream);
  expect(sent).toContain('"maximum":9223372036854775807');
  if (kind === 'compatible') {
    expect(writeJson(completion)).toContain('-0.00012345678901234567891');
    return;
  }
  expect(sent).toContain(digits);
  expect(completion.choices[0]?.message.tool_calls?.[0]?.function.arguments).toBe(digits);
});
