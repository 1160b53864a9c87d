import { expect, test } from 'vitest';
import { usePassingGateway } from '../support/passing-gateway.ts';
import { sentBlocks } from '../support/sent-blocks.ts';

const passing = usePassingGateway((url) => ({
  OPENAI_API_KEY: 'sk-of-the-operator',
  OPENAI_BASE_URL: `${url}/v1`,
}));

const asked =
  `{"max_output_tokens":300,"model":"gpt-5.4","instructions":"Brief.","reasoning":{"summary":"auto",
"effort":"low"},"tools":[{"type":"function","name":"look","parameters":{"type":"object",
"properties":{"b":{},
"a":{"maximum":9223372036854775807}}},"strict":false}],"input":[{"role":"user","content":[{"text":"Hi",
"type":
"input_text"}]},{"type":"function_call","call_id":"call_1","arguments":"{\\"id\\": 2512292042121000001}",
"name":"look"},{"type":"function_call_output","output":"none","call_id":"call_1"}],"store":false,
"include":["reasoning.encrypted_content"],"prompt_cache_key":"k"}`.replaceAll('\n', '');

const reasoning = `{"id":"rs_openai","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],
"encrypted_content":"c2Vj"}`.replaceAll('\n', '');
const message =
  `{"id":"msg_openai","type":"message","status":"completed","role":"assistant","phase":"final_answer",
"content":[{"type":"output_text","text":"Fine.","annotations":[],"logprobs":[]}]}`.replaceAll('\n', '');
const answerOf = (status: string, output: string[]) =>
  `{"id":"resp_openai","object":"response","created_at":1700000001,
"status":"${status}","model":"gpt-5.4-2026-03-05","output":[${output}],"of_a_later_release":{},
"store":false,
"previous_response_id":null,"background":false,"metadata":{},"max_output_tokens":300,"error":null,
"incomplete_details":null,"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":0},
"output_tokens":5,
"output_tokens_details":{"reasoning_tokens":2},"total_tokens":17}}`.replaceAll('\n', '');
const answer = answerOf('completed', [reasoning, message]);

async function send(body: string) {
  const { jobId, ...answer } = await passing.send('/v1/responses', body);
  return { ...answer, suffix: jobId.replace('job_', '') };
}

/** What OpenAI answered, under our ids and name of the model. */
const under = (suffix: string, text: string) =>
  text
    .replaceAll('resp_openai', `resp_${suffix}`)
    .replaceAll('rs_openai', `rs_${suffix}_0`)
    .replaceAll('msg_openai', `msg_${suffix}_1`)
    .replaceAll('gpt-5.4-2026-03-05', 'openai/gpt-5.4');

test('OpenAI is sent the bytes of its client, and its client the answer of OpenAI, but for ids and model', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { text, suffix } = await send(asked);
  expect(passing.upstream.calls.map((call) => [call.path, call.text])).toEqual([['/v1/responses', asked]]);
  expect(JSON.parse(text)).toMatchObject(JSON.parse(under(suffix, answer)));
  const { json: job } = await passing.client.call(`GET /v1/jobs/job_${suffix}`);
  expect(job.result.choices[0].message.content).toBe('Fine.');
  expect(job.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 5, reasoning_tokens: 2 });
});

test('a conversation goes on from what OpenAI answered, without our ids', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { suffix } = await send(asked.replace('"store":false,', ''));
  const next = { model: 'gpt-5.4', input: 'And?', previous_response_id: `resp_${suffix}` };
  expect((await send(JSON.stringify(next))).status).toBe(200);
  const { input, ...rest } = JSON.parse(passing.upstream.calls[1]?.text ?? '{}');
  expect(rest).toMatchObject({ model: 'gpt-5.4', store: false, include: ['reasoning.encrypted_content'] });
  expect(rest).not.toHaveProperty('previous_response_id');
  const { id: _, ...thought } = JSON.parse(reasoning);
  expect(input.slice(3)).toMatchObject([
    thought,
    { type: 'message', role: 'assistant', content: [{ text: 'Fine.' }] },
    { role: 'user', content: 'And?' },
  ]);
  expect(JSON.stringify(input)).not.toContain(suffix);
});

test('items that are referred to are sent in place of the references, to their own account alone', async () => {
  passing.upstream.reply = () => ({ json: answer });
  const { suffix } = await send(asked.replace('"store":false,', ''));
  const input = [
    { type: 'item_reference', id: `rs_${suffix}_0` },
    { id: `msg_${suffix}_1`, type: 'item_reference' },
    { role: 'user', content: 'And?' },
  ];
  const next = JSON.stringify({ model: 'gpt-5.4', input });
  expect((await send(next)).status).toBe(200);
  const { id: _, ...thought } = JSON.parse(reasoning);
  const { id: __, ...spoken } = JSON.parse(message);
  expect(JSON.parse(passing.upstream.calls[1]?.text ?? '{}').input).toEqual([thought, spoken, input[2]]);
  const other = await passing.gateway.openAccount('other', '10');
  const { status, json } = await other.call('POST /v1/responses', JSON.parse(next));
  expect([status, json.error.param]).toEqual([404, 'input.0.id']);
  expect(json.error.message).toMatch(/Item with id "rs_.*" not found/);
  const none = await send(
    JSON.stringify({ model: 'gpt-5.4', input: [{ type: 'item_reference', id: 'msg_x' }] }),
  );
  expect(none.status).toBe(404);
});

const item = (type: string, index: number, text: string) =>
  `{"type":"response.output_item.${type}","sequence_number":7,"output_index":${index},"item":${text}}`;
const delta =
  `{"type":"response.output_text.delta","sequence_number":8,"item_id":"msg_openai","output_index":1,
"content_index":0,"delta":"Fine.","logprobs":[],"obfuscation":"x"}`.replaceAll('\n', '');
const begun = (type: string) =>
  `{"type":"response.${type}","sequence_number":0,"response":${answerOf('in_progress', [])}}`;
const events = [
  begun('created'),
  begun('in_progress'),
  item('added', 0, reasoning.replace('c2Vj', '')),
  item('done', 0, reasoning),
  item('added', 1, message),
  delta,
  item('done', 1, message),
  `{"type":"response.completed","sequence_number":9,"response":${answer}}`,
].map((data) => ({ event: JSON.parse(data).type as string, data }));

type Event = { type: string; sequence_number: number };
const read = (text: string): Event[] =>
  sentBlocks(text).flatMap((lines) =>
    lines.filter((line) => line.startsWith('data: ')).map((line) => JSON.parse(line.slice(6))),
  );

test('events go through as they come, under our ids and numbers, and can be read again', async () => {
  passing.upstream.reply = () => ({ events });
  const { text, suffix } = await send(asked.replace('"store":false', '"stream":true,"store":true'));
  const sent = read(text);
  expect(sent.map(({ type }) => type)).toEqual(events.map(({ event }) => event));
  expect(sent.map(({ sequence_number }) => sequence_number)).toEqual(sent.map((_, index) => index));
  const expected = events.slice(2).map(({ data }) => JSON.parse(under(suffix, data)));
  expect(sent.slice(2).map((event) => ({ ...event, sequence_number: 0 }))).toMatchObject(
    expected.map((event) => ({
      ...event,
      sequence_number: 0,
      ...(event.response && { response: { ...event.response, store: true } }),
    })),
  );
  const again = await fetch(`${passing.gateway.url}/v1/responses/resp_${suffix}?stream=true`, {
    headers: { authorization: `Bearer ${passing.client.key}` },
  });
  expect(read(await again.text())).toEqual(sent);
});

/** What the vendor's `Response` has beside what the upstream here answers (OpenAI's SDK 7.59; Open Responses). */
const vendorFields = {
  completed_at: expect.any(Number),
  frequency_penalty: 0,
  instructions: 'Brief.',
  max_tool_calls: null,
  parallel_tool_calls: true,
  presence_penalty: 0,
  prompt_cache_key: 'k',
  reasoning: { effort: 'low', summary: 'auto' },
  safety_identifier: null,
  service_tier: 'default',
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [{ type: 'function', name: 'look', description: null, strict: false }],
  top_logprobs: 0,
  truncation: 'disabled',
  usage: { input_tokens: 12, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 } },
};

test.each(['whole', 'streamed'])('what an upstream leaves out of a response is there: %s', async (how) => {
  passing.upstream.reply = () => (how === 'whole' ? { json: answer } : { events });
  const isStreamed = how === 'streamed';
  const { text } = await send(isStreamed ? asked.replace('{', '{"stream":true,') : asked);
  const response = isStreamed
    ? (read(text).at(-1) as Event & { response: object }).response
    : JSON.parse(text);
  expect(response).toMatchObject(vendorFields);
});
