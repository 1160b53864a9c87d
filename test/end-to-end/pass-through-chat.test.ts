import { expect, test } from 'vitest';
import { usePassingGateway } from '../support/passing-gateway.ts';
import { sentBlocks } from '../support/sent-blocks.ts';

const passing = usePassingGateway((url) => ({
  OPENAI_API_KEY: 'sk-of-the-operator',
  OPENAI_BASE_URL: `${url}/v1`,
}));

/** With orders, nulls and values that say nothing, which a translation would lose. */
const asked = `{"n":1,"model":"gpt-4.1","max_completion_tokens":300,"presence_penalty":0,
"tools":[{"function":{"parameters":
{"properties":{"b":{},"a":{"maximum":9223372036854775807}},"type":"object"},"name":"look","strict":null},
"type":"function"}],"tool_choice":"auto",
"messages":[{"content":"Hi","role":"user","name":"ann"},{"role":"assistant","refusal":null,
"content":null,"tool_calls":[{"type":"function",
"id":"call_1","function":{"arguments":"{\\"id\\": 2512292042121000001}","name":"look"}}],"annotations":[]},
{"tool_call_id":"call_1","role":"tool","content":"none"}],"user":"u1","seed":7}`.replaceAll('\n', '');

const answer =
  `{"id":"chatcmpl-openai","object":"chat.completion","created":1700000001,"model":"gpt-4.1-2025-04-14",
"choices":[{"index":0,"message":
{"role":"assistant","content":"Fine.","refusal":null,"annotations":[],"of_a_later_release":1},
"logprobs":null,"finish_reason":"stop"}],"usage":
{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"of_a_later_release":{}},
"service_tier":"default","system_fingerprint":"fp_1"}`.replaceAll('\n', '');

const send = (body: string) => passing.send('/v1/chat/completions', body);

const idOf = (jobId: string) => jobId.replace('job_', 'chatcmpl-');

test('OpenAI is sent the bytes of its client, and its client those of OpenAI, but for id and model', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { text, jobId } = await send(asked);
  expect(passing.upstream.calls.map((call) => [call.path, call.text])).toEqual([
    ['/v1/chat/completions', asked],
  ]);
  expect(text).toBe(
    answer.replace('chatcmpl-openai', idOf(jobId)).replace('gpt-4.1-2025-04-14', 'openai/gpt-4.1'),
  );
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  expect(job.result.choices[0].message.content).toBe('Fine.');
  expect(JSON.stringify(job)).not.toContain('pass_through');
});

test('what the gateway owns is taken out, and the output bound is put in its field', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const owned = `"store":false,"metadata":{"k":"v"},"service_tier":"auto","max_tokens":300`;
  await send(asked.replace('"max_completion_tokens":300', owned));
  expect(passing.upstream.calls[0]?.text).toBe(asked);
});

const head =
  '"id":"chatcmpl-openai","object":"chat.completion.chunk","created":1700000001,"model":"gpt-4.1-2025-04-14"';
const chunk = (delta: string, finish = 'null') =>
  `{${head},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]}`;
const look = '"type":"function","function":{"name":"look","arguments":""}';
const chunks = [
  chunk('{"role":"assistant","content":"","refusal":null}'),
  chunk('{"content":"Fi","of_a_later_release":1}'),
  chunk(`{"tool_calls":[{"index":0,"id":"call_2",${look}}]}`),
  chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}'),
  chunk('{}', '"tool_calls"'),
];
const usage = `{${head},"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}`;

test.each([false, true])('chunks go through as they come; with usage: %s', async (includeUsage) => {
  passing.upstream.reply = () => ({ events: [...chunks, usage, '[DONE]'].map((data) => ({ data })) });
  const options = `{"stream":true,"stream_options":{"include_usage":${includeUsage}},`;
  const { text, jobId } = await send(asked.replace('{', options));
  const expected = [...chunks, ...(includeUsage ? [usage] : [])].map((data) =>
    data.replace('chatcmpl-openai', idOf(jobId)).replace('gpt-4.1-2025-04-14', 'openai/gpt-4.1'),
  );
  expect(sentBlocks(text).map((lines) => lines.filter((line) => !line.startsWith(':')))).toEqual(
    [...expected, '[DONE]'].map((data) => [`data: ${data}`]),
  );
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  expect(job).toMatchObject({ status: 'succeeded', usage: { prompt_tokens: 12, completion_tokens: 5 } });
  expect(job.result.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { content: 'Fi', tool_calls: [{ id: 'call_2', function: { arguments: '{}' } }] },
  });
});
