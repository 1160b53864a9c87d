import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { usePassingGateway } from '../support/passing-gateway.ts';
import { sentBlocks } from '../support/sent-blocks.ts';
import { newTempFolder } from '../support/temp-folder.ts';

const free = { input: '0.1', output: '0.2' };
const passing = usePassingGateway((url) => {
  const file = join(newTempFolder('providers'), 'providers.json');
  const model = { model: 'llama', usd_per_mtok: free, context_window: 32_000, max_output_tokens: 4_000 };
  const supports = { tools: true, json_schema: true };
  const providers = [{ name: 'comp', base_url: `${url}/v1`, models: [{ ...model, supports }] }];
  writeFileSync(file, JSON.stringify({ providers }));
  return { PROVIDERS_FILE: file };
});

const send = (body: object) => passing.send('/v1/chat/completions', JSON.stringify(body));
const idOf = (jobId: string) => jobId.replace('job_', 'chatcmpl-');

/** With fields that only a server of this kind knows, in the conversation and on a tool. */
const asked = {
  temperature: 0.5,
  model: 'llama',
  messages: [
    { content: 'Hi', role: 'user', colour: 'red' },
    {
      role: 'assistant',
      content: null,
      reasoning_details: [{ type: 'reasoning.custom', x: 1 }],
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' }, of_its_own: 1 },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'none' },
  ],
  tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } }, of_its_own: 2 }],
  max_tokens: 300,
};

const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, prompt_cache_hit_tokens: 4 };
const answer = {
  id: 'cmpl-7',
  object: 'chat.completion',
  created: 1_700_000_001,
  model: 'llama-of-the-server',
  provider: 'a server of its own',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Fine.', refusal: null, reasoning: 'hm', of_its_own: 3 },
      logprobs: null,
      finish_reason: 'stop',
      native_finish_reason: 'eos',
    },
  ],
  usage,
};

test('a compatible server is sent the body of its client, and its client the answer of the server', async () => {
  passing.upstream.reply = () => ({ json: JSON.stringify(answer) });
  const { text, jobId } = await send(asked);
  expect(passing.upstream.calls.map((call) => call.text)).toEqual([JSON.stringify(asked)]);
  const [choice] = answer.choices;
  expect(JSON.parse(text)).toEqual({
    ...answer,
    id: idOf(jobId),
    model: 'comp/llama',
    // What it thought is shown under the name that clients read it by, too.
    choices: [{ ...choice, message: { ...choice?.message, reasoning_content: 'hm' } }],
  });
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  expect(job.usage).toMatchObject({ prompt_tokens: 12, cached_tokens: 4 });
});

const chunk = (delta: object, more: object = {}) => ({
  id: 'cmpl-7',
  object: 'chat.completion.chunk',
  created: 1_700_000_001,
  model: 'llama-of-the-server',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

async function streamed(events: object[], more: object = {}) {
  passing.upstream.reply = () => ({
    events: [...events.map((event) => ({ data: JSON.stringify(event) })), { data: '[DONE]' }],
  });
  const { text, jobId } = await send({ ...asked, stream: true, ...more });
  const lines = sentBlocks(text).map((block) => block.filter((line) => !line.startsWith(':')));
  const data = lines.flatMap((block) => block.map((line) => line.slice('data: '.length)));
  expect(data.at(-1)).toBe('[DONE]');
  return { jobId, events: data.slice(0, -1).map((json) => JSON.parse(json)) };
}

const named = (jobId: string, events: object[]) =>
  events.map((event) => ({ ...event, id: idOf(jobId), model: 'comp/llama' }));

test('regular chunks go through as they come', async () => {
  const sent = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Fi', of_its_own: 3 }),
    chunk({
      tool_calls: [{ index: 0, id: 'c2', type: 'function', function: { name: 'look', arguments: '{}' } }],
    }),
    chunk({}, { finish_reason: 'tool_calls', native_finish_reason: 'eos' }),
    { ...chunk({}), choices: [], usage },
  ];
  const { jobId, events } = await streamed(sent, { stream_options: { include_usage: true } });
  expect(events).toEqual(named(jobId, sent));
});

test('what is irregular is given in OpenAI’s words, live and stored', async () => {
  const { jobId, events } = await streamed([
    { type: 'ping' },
    chunk({ content: 'Fi', reasoning: 'hm', of_its_own: 3 }),
    chunk({ tool_calls: [{ function: { name: 'look', arguments: { a: 1 } }, type: 'function' }] }),
    chunk({}, { finish_reason: 'stop' }),
    { ...chunk({}), choices: [], usage },
  ]);
  const { json: job } = await passing.client.call(`GET /v1/jobs/${jobId}`);
  const [{ id }] = job.result.choices[0].message.tool_calls;
  expect(job.result.choices[0].message.tool_calls).toEqual([
    { id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
  ]);
  expect(events).toEqual(
    named(jobId, [
      chunk({ role: 'assistant', reasoning: 'hm', of_its_own: 3, content: 'Fi', reasoning_content: 'hm' }),
      chunk({
        tool_calls: [{ index: 0, id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } }],
      }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]),
  );
});

test('usage that a server reports beside its last words is also where its client asked for it', async () => {
  const last = { ...chunk({}, { finish_reason: 'stop' }), usage };
  const { jobId, events } = await streamed([chunk({ role: 'assistant', content: 'Fine.' }), last], {
    stream_options: { include_usage: true },
  });
  expect(events.slice(0, 2)).toEqual(named(jobId, [chunk({ role: 'assistant', content: 'Fine.' }), last]));
  expect(events.slice(2)).toMatchObject([
    { choices: [], usage: { prompt_tokens: 12, completion_tokens: 5 } },
  ]);
});

test('a server that ends without a reason is given one', async () => {
  const { jobId, events } = await streamed([chunk({ role: 'assistant', content: 'Fine.' })]);
  expect(events).toEqual(
    named(jobId, [
      chunk({ role: 'assistant', content: 'Fine.' }),
      {
        ...chunk({}),
        choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
        created: expect.any(Number),
      },
    ]),
  );
});
