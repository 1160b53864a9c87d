import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogue } from '../../src/shared/catalogue/catalogue.ts';
import { formatUsd } from '../../src/shared/money/rules/money.ts';
import { priceUsage } from '../../src/shared/money/rules/price.ts';
import { chatLine, createBatch, readLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, startGateway, whenEnded } from '../support/gateway.ts';

/** Models that OpenAI asks for tools, or for anything at all, on its Responses API only. */
const models = ['gpt-5.4', 'gpt-5.6-terra', 'gpt-5.3-codex', 'gpt-5.5-pro'];

let gateway: Gateway;
let account: Client;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('upstream', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: account.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

const parameters = {
  type: 'object' as const,
  properties: { city: { type: 'string' } },
  required: ['city'],
};
const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
const question = (model: string, of: string) => `get_weather for ${model} over ${of} [[reasoning:9]]`;

type Metered = { prompt_tokens: number; completion_tokens: number; billed: boolean; attempt_id: string };

/** What the provider counted for a job, priced as the catalogue has it. */
async function meteredCharge(jobId: string, model: string): Promise<string> {
  const response = await fetch(`${gateway.simulatorUrl}/__simulator/meter`);
  const { calls } = (await response.json()) as { calls: Metered[] };
  const billed = calls.filter((call) => call.billed && call.attempt_id?.includes(jobId.slice(4)));
  const prices = loadCatalogue().find(model)?.prices;
  if (prices === undefined) throw new Error(`${model} is not in the catalogue`);
  const charges = billed.map((call) =>
    priceUsage(prices, {
      promptTokens: call.prompt_tokens,
      completionTokens: call.completion_tokens,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
    }),
  );
  expect(charges).toHaveLength(1);
  return formatUsd(charges[0] ?? 0n);
}

async function expectHonestCharge(jobId: string | null, model: string): Promise<void> {
  const job = await whenEnded(account, jobId ?? '');
  expect(job).toMatchObject({ status: 'succeeded', charge_usd: await meteredCharge(job.id, model) });
}

describe.each(models)('%s calls tools while it reasons', (model) => {
  test('from chat completions, over its turns', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: question(model, 'chat') },
    ];
    const body = { model, messages, tools, reasoning_effort: 'low' as const };
    const { data: first, response } = await openai.chat.completions.create(body).withResponse();
    const turn = first.choices[0]?.message;
    const [call] = turn?.tool_calls ?? [];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    await expectHonestCharge(response.headers.get('x-job-id'), model);
    messages.push(turn as OpenAI.ChatCompletionMessageParam);
    messages.push({ role: 'tool', tool_call_id: call?.id ?? '', content: 'rain' });
    const second = await openai.chat.completions.create(body);
    expect(second.choices[0]?.message.content).toContain(model);
    const streamed = await openai.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(second.choices[0]?.message.content);
  });

  test('from Messages, streamed and over its turns', async () => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: question(model, 'messages') }];
    const body = {
      model,
      max_tokens: 2000,
      messages,
      tools: [{ name: 'get_weather', input_schema: parameters }],
    };
    const first = await anthropic.messages.stream(body).finalMessage();
    const call = first.content.find((block) => block.type === 'tool_use');
    expect(first.stop_reason).toBe('tool_use');
    messages.push({ role: 'assistant', content: first.content });
    const result = { type: 'tool_result' as const, tool_use_id: call?.id ?? '', content: 'rain' };
    messages.push({ role: 'user', content: [result] });
    const { data: second, response } = await anthropic.messages.create(body).withResponse();
    expect(JSON.stringify(second.content)).toContain(model);
    await expectHonestCharge(response.headers.get('x-job-id'), model);
  });

  test('in a job, whose reasoning is kept and can be followed', async () => {
    const messages = [{ role: 'user', content: question(model, 'job') }];
    const request = { model, messages, tools, reasoning_effort: 'low', max_tokens: 2000 };
    const { status, json } = await account.call('POST /v1/jobs', { request, stream: true });
    expect(status).toBe(202);
    await expectHonestCharge(json.id, model);
    const job = await whenEnded(account, json.id);
    const [call] = job.result.choices[0].message.tool_calls;
    expect(job.result.choices[0].message.extra_content.openai.reasoning_items).toMatchObject([
      { type: 'reasoning', encrypted_content: expect.any(String), before: call.id },
    ]);
  });
});

test('a fallback is asked through the API that it needs', async () => {
  await fetch(`${gateway.simulatorUrl}/__simulator/faults`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'quota', model: 'claude-haiku-4-5', count: 9 }),
  });
  const messages = [{ role: 'user', content: question('gpt-5.4', 'fallback') }];
  const request = { model: 'anthropic/claude-haiku-4-5', messages, tools, max_tokens: 2000 };
  const { json } = await account.call('POST /v1/jobs', { request, fallbacks: ['openai/gpt-5.4'] });
  const job = await whenEnded(account, json.id);
  expect(job).toMatchObject({ status: 'succeeded', answered_model: 'openai/gpt-5.4' });
  expect(job.result.choices[0].message.tool_calls).toHaveLength(1);
});

test('a batch line calls tools there', async () => {
  const line = chatLine('a', 'gpt-5.5', question('gpt-5.5', 'batch'), { tools, max_completion_tokens: 2000 });
  const { id } = await createBatch(openai, [line]);
  const { output_file_id } = await whenBatchEnded(openai, id);
  const [answered] = await readLines(openai, output_file_id);
  expect(answered?.response.body.choices[0].finish_reason).toBe('tool_calls');
});

test.each([
  ['n', { n: 2 }],
  ['stop', { stop: ['x'] }],
  ['presence_penalty', { presence_penalty: 1 }],
])('what OpenAI has no field for there is refused by name: %s', async (param, more) => {
  const body = { model: 'gpt-5.4', messages: [{ role: 'user', content: 'x' }], ...more };
  const { status, json } = await account.call('POST /v1/chat/completions', body);
  expect(status).toBe(400);
  expect(json.error.param).toBe(param);
});

test('fewer tokens than OpenAI takes are held and sent as the fewest', async () => {
  const messages = [{ role: 'user' as const, content: 'x [[length:90]]' }];
  const answer = await openai.chat.completions.create({ model: 'gpt-5.4', messages, max_tokens: 1 });
  expect(answer.choices[0]?.finish_reason).toBe('length');
  expect(answer.usage?.completion_tokens).toBe(16);
});
