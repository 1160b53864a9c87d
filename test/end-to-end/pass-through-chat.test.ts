import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, type Gateway, startGateway } from '../support/gateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { sentBlocks } from '../support/sent-blocks.ts';

let upstream: RecordingUpstream;
let gateway: Gateway;
let client: Client;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  const env = { OPENAI_API_KEY: 'sk-of-the-operator', OPENAI_BASE_URL: `${upstream.url}/v1` };
  gateway = await startGateway({ env });
  client = await gateway.openAccount('passing', '10');
});

beforeEach(() => {
  upstream.calls.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

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

async function send(body: string) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json' },
    body,
  });
  return {
    status: response.status,
    text: await response.text(),
    jobId: response.headers.get('x-job-id') ?? '',
  };
}

const idOf = (jobId: string) => jobId.replace('job_', 'chatcmpl-');

test('OpenAI is sent the bytes of its client, and its client those of OpenAI, but for id and model', async () => {
  upstream.reply = () => ({ json: answer });
  const { text, jobId } = await send(asked);
  expect(upstream.calls.map((call) => [call.path, call.text])).toEqual([['/v1/chat/completions', asked]]);
  expect(text).toBe(
    answer.replace('chatcmpl-openai', idOf(jobId)).replace('gpt-4.1-2025-04-14', 'openai/gpt-4.1'),
  );
  const { json: job } = await client.call(`GET /v1/jobs/${jobId}`);
  expect(job.result.choices[0].message.content).toBe('Fine.');
  expect(JSON.stringify(job)).not.toContain('pass_through');
});

test('what the gateway owns is taken out, and the output bound is put in its field', async () => {
  upstream.reply = () => ({ json: answer });
  const owned = `"store":false,"metadata":{"k":"v"},"service_tier":"auto","max_tokens":300`;
  await send(asked.replace('"max_completion_tokens":300', owned));
  expect(upstream.calls[0]?.text).toBe(asked);
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
  upstream.reply = () => ({ events: [...chunks, usage, '[DONE]'].map((data) => ({ data })) });
  const options = `{"stream":true,"stream_options":{"include_usage":${includeUsage}},`;
  const { text, jobId } = await send(asked.replace('{', options));
  const expected = [...chunks, ...(includeUsage ? [usage] : [])].map((data) =>
    data.replace('chatcmpl-openai', idOf(jobId)).replace('gpt-4.1-2025-04-14', 'openai/gpt-4.1'),
  );
  expect(sentBlocks(text).map((lines) => lines.filter((line) => !line.startsWith(':')))).toEqual(
    [...expected, '[DONE]'].map((data) => [`data: ${data}`]),
  );
  const { json: job } = await client.call(`GET /v1/jobs/${jobId}`);
  expect(job).toMatchObject({ status: 'succeeded', usage: { prompt_tokens: 12, completion_tokens: 5 } });
  expect(job.result.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { content: 'Fi', tool_calls: [{ id: 'call_2', function: { arguments: '{}' } }] },
  });
});
