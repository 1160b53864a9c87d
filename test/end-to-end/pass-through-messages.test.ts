import { expect, test } from 'vitest';
import { usePassingGateway } from '../support/passing-gateway.ts';
import { sentBlocks } from '../support/sent-blocks.ts';

const passing = usePassingGateway((url) => ({
  ANTHROPIC_API_KEY: 'sk-of-the-operator',
  ANTHROPIC_BASE_URL: url,
}));

/** With spellings, orders, nulls and fields that the gateway has no shape for. */
const asked =
  `{"max_tokens":900,"model":"claude-sonnet-4-5","temperature":0.50,"system":[{"text":"Brief.","type":"text",
"cache_control":{"type":"ephemeral","ttl":"1h"},"later":true}],"thinking":{"type":"disabled"},"top_k":40,
"messages":[{"content":[{"type":"text","text":"Hé \\u00e9","citations":null}],"role":"user"},
{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"look",
"input":{"id":2512292042121000001,"rate":1.10}}]},
{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,
"content":"none"}]}],
"tools":[{"name":"look","input_schema":{"type":"object","properties":{"b":{},"a":{}}},
"of_a_later_release":{"x":1}}],
"metadata":{"user_id":"u1"}}`.replaceAll('\n', '');

const answer = `{"id":"msg_claude","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929",
"content":[{"type":"text",
"text":"Fine.","citations":null,"of_a_later_release":[1]},{"type":"tool_use","id":"toolu_2",
"name":"look","input":{"id":9007199254740993}}],
"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":5,
"cache_creation_input_tokens":0,
"cache_read_input_tokens":0,"server_tool_use":null,"of_a_later_release":"yes"},
"of_a_later_release":{}}`.replaceAll('\n', '');

const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'interleaved-thinking-2025-05-14' };

const send = (body: string) => passing.send('/v1/messages', body, headers);

test('Claude is sent the bytes of its client, but for what the gateway owns', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { status } = await send(asked);
  expect(status).toBe(200);
  const [call] = passing.upstream.calls;
  expect(call?.path).toBe('/v1/messages');
  expect(call?.text).toBe(asked.replaceAll('\\u00e9', 'é').replace('0.50', '0.5').replace('1.10', '1.1'));
  expect(call?.headers).toMatchObject({ ...headers, 'x-api-key': 'sk-of-the-operator' });
});

test('its client is sent the bytes of Claude, but for id and model', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { text, jobId } = await send(asked);
  const id = jobId.replace('job_', 'msg_');
  const own = answer
    .replace('msg_claude', id)
    .replace('claude-sonnet-4-5-20250929', 'anthropic/claude-sonnet-4-5');
  expect(JSON.parse(text)).toMatchObject(JSON.parse(own));
  expect(Object.keys(JSON.parse(text)).slice(0, 9)).toEqual(Object.keys(JSON.parse(own)));
  expect(text).toContain('"input":{"id":9007199254740993}');
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  expect(job.result.choices[0].message.content).toBe('Fine.');
  expect(JSON.stringify(job)).not.toContain('pass_through');
  expect(job.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 5 });
});

const events = [
  `{"type":"message_start","message":{"id":"msg_claude","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}`,
  `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
  `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}`,
  `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`,
  `{"type":"content_block_stop","index":0}`,
  `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_2","name":"look","input":{},"of_a_later_release":1}}`,
  `{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"id\\": 9007199254740993}"}}`,
  `{"type":"content_block_stop","index":1}`,
  `{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9},"context_management":{"applied_edits":[]}}`,
  `{"type":"message_stop"}`,
].map((data) => ({ event: JSON.parse(data).type as string, data }));

test('a stream of Claude goes through event by event, and its end follows the settlement', async () => {
  passing.upstream.reply = () => ({ events });
  const { text, jobId } = await send(asked.replace('{', '{"stream":true,'));
  const id = jobId.replace('job_', 'msg_');
  const expected = events.map(({ event, data }) => ({
    event,
    data: data.replace('msg_claude', id).replace('claude-sonnet-4-5-20250929', 'anthropic/claude-sonnet-4-5'),
  }));
  const sent = sentBlocks(text).map((lines) => lines.filter((line) => !line.startsWith(':')));
  expect(sent.map(([name]) => name)).toEqual(expected.map(({ event }) => `event: ${event}`));
  const read = (line = '') => JSON.parse(line.slice('data: '.length));
  expect(sent.map(([, data]) => read(data))).toMatchObject(expected.map(({ data }) => JSON.parse(data)));
  // What has all its fields is the same to the byte.
  expect(sent.slice(2, 5).map(([, data]) => data)).toEqual(
    expected.slice(2, 5).map(({ data }) => `data: ${data}`),
  );
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  expect(job).toMatchObject({ status: 'succeeded', usage: { prompt_tokens: 12, completion_tokens: 9 } });
});

test('a refusal of Claude keeps its words', async () => {
  const message = 'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after';
  const error = { type: 'error', error: { type: 'invalid_request_error', message } };
  passing.upstream.reply = () => ({ status: 400, json: JSON.stringify(error) });
  const { status, text } = await send(asked);
  expect(status).toBe(400);
  expect(JSON.parse(text).error).toMatchObject({ type: 'invalid_request_error' });
  expect(JSON.parse(text).error.message).toContain(message);
});

const thought = { type: 'thinking', thinking: 'hm', signature: 'c2ln' };
const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: {} });
const used = (id: string) => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: id, content: 'x' }],
});
const budget = { type: 'enabled', budget_tokens: 1024 };

test.each<[string, model: string, thinking: object, assistant: object[][], expected: unknown]>([
  ['kept what it thought', 'claude-sonnet-4-5', budget, [[thought, use('a')]], budget],
  ['kept it once in its turn', 'claude-sonnet-4-5', budget, [[thought, use('a')], [use('b')]], budget],
  ['lost what it thought', 'claude-sonnet-4-5', budget, [[use('a')]], undefined],
  [
    'has what another provider thought',
    'claude-sonnet-4-5',
    budget,
    [[{ type: 'thinking', thinking: 'of a GPT', signature: '' }, use('a')]],
    undefined,
  ],
  ['lost it where none is wanted', 'claude-opus-5', { type: 'adaptive' }, [[use('a')]], { type: 'adaptive' }],
])(
  'a turn of tools that %s is thought about as Claude takes it',
  async (_, model, thinking, turns, expected) => {
    passing.upstream.reply = () => ({ json: answer });
    const answered = turns.flatMap((content) => {
      const { id } = content.at(-1) as { id: string };
      return [{ role: 'assistant', content }, used(id)];
    });
    const messages = [{ role: 'user', content: 'hi' }, ...answered];
    const tools = [{ name: 'look', input_schema: { type: 'object' } }];
    const { status } = await send(JSON.stringify({ model, max_tokens: 2000, thinking, messages, tools }));
    expect(status).toBe(200);
    expect(JSON.parse(passing.upstream.calls.at(-1)?.text ?? '').thinking).toEqual(expected);
  },
);

/** What the vendor's `Message` has beside what the upstream here answers (SDK 1.14). */
const vendorFields = {
  stop_details: null,
  container: null,
  usage: { cache_creation: null, inference_geo: null, server_tool_use: null, service_tier: 'standard' },
};

test('what an upstream leaves out of a message is there, whole and streamed', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const whole = JSON.parse((await send(asked)).text);
  expect(whole).toMatchObject(vendorFields);
  expect(whole.content).toMatchObject([{ citations: null }, { caller: { type: 'direct' } }]);
  const text = { index: 2, content_block: { type: 'text', text: '' } };
  const start = { type: 'content_block_start', ...text };
  const last = events.slice(-2);
  const data = JSON.stringify(start);
  passing.upstream.reply = () => ({ events: [...events.slice(0, -2), { event: start.type, data }, ...last] });
  const sent = sentBlocks((await send(asked.replace('{', '{"stream":true,'))).text)
    .map((lines) => lines.filter((line) => !line.startsWith(':')))
    .map(([, line = '']) => JSON.parse(line.slice('data: '.length)));
  expect(sent[0].message).toMatchObject(vendorFields);
  expect(sent[5].content_block).toMatchObject({ caller: { type: 'direct' } });
  expect(sent[8].content_block).toEqual({ type: 'text', text: '', citations: [] });
});
