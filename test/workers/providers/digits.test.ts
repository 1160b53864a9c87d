import { expect, test } from 'vitest';
import type { ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { readJson } from '../../../src/shared/platform/json/read-json.ts';
import { writeJson } from '../../../src/shared/platform/json/verbatim.ts';
import { askProvider } from './reply-with.ts';
import { completed } from './setup.ts';

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
  const { sent, answer } = await askProvider(kind, { body: report }, request, stream);
  const { completion } = completed(answer);
  expect(sent).toContain('"maximum":9223372036854775807');
  if (kind === 'compatible') {
    expect(writeJson(completion)).toContain('-0.00012345678901234567891');
    return;
  }
  expect(sent).toContain(digits);
  expect(completion.choices[0]?.message.tool_calls?.[0]?.function.arguments).toBe(digits);
});
