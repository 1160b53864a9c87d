import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, type Gateway, startGateway, whenEnded } from '../support/gateway.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('talkative', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: account.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

const turns = Array.from({ length: 12 }, (_, turn) => turn);
const models = [
  'anthropic/claude-haiku-4-5',
  'openai/gpt-5-mini',
  'google/gemini-3-flash-preview',
  'anthropic/claude-opus-4-8',
  'openai/gpt-5.4',
];
/** Each turn with another model than the one before it. */
const modelOf = (turn: number) => models[turn % models.length] as string;
/** Every other turn asks for two calls of a tool; the one after it has their results. */
const calls = (turn: number) => turn % 2 === 0;
const question = (turn: number, name: string) =>
  `${name} ${turn} [[reasoning:5]]${calls(turn) ? ' [[call:look]] [[calls:2]]' : ''}`;
const parameters = { type: 'object' as const, properties: { word: { type: 'string' } } };
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

type Message = OpenAI.ChatCompletionMessageParam;
const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${pixel}` } };
const asked = (turn: number, name: string): Message => ({
  role: 'user',
  content: [{ type: 'text', text: question(turn, name) }, image],
});
const tools = [{ type: 'function' as const, function: { name: 'look', parameters } }];
const resultsOf = (message: OpenAI.ChatCompletionMessage): Message[] =>
  (message.tool_calls ?? []).map(({ id }) => ({ role: 'tool', tool_call_id: id, content: `seen by ${id}` }));

test('chat completions hold a conversation with another provider in each turn', async () => {
  const messages: Message[] = [{ role: 'system', content: 'Be brief.' }];
  for (const turn of turns) {
    if (calls(turn) || messages.at(-1)?.role !== 'tool') messages.push(asked(turn, 'chat'));
    const body = {
      model: modelOf(turn),
      messages,
      tools,
      reasoning_effort: 'low' as const,
      max_tokens: 4000,
    };
    const completion =
      turn % 3 === 0
        ? await openai.chat.completions.stream(body).finalChatCompletion()
        : await openai.chat.completions.create(body);
    const message = completion.choices[0]?.message as OpenAI.ChatCompletionMessage;
    expect([turn, message.tool_calls?.length ?? 0]).toEqual([turn, calls(turn) ? 2 : 0]);
    messages.push(message as Message, ...resultsOf(message));
  }
});

test.each(['items', 'the response before'])('responses hold one, going on from %s', async (from) => {
  const input: OpenAI.Responses.ResponseInput = [];
  let previous: string | null = null;
  for (const turn of turns) {
    if (calls(turn)) input.push({ role: 'user', content: question(turn, from) });
    const body = {
      model: modelOf(turn),
      input: [...input],
      previous_response_id: previous,
      tools: [{ type: 'function' as const, name: 'look', parameters, strict: false }],
      reasoning: { effort: 'low' as const, summary: 'auto' as const },
    };
    const response: OpenAI.Responses.Response =
      turn % 3 === 0
        ? await openai.responses.stream(body).finalResponse()
        : await openai.responses.create(body);
    const called = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
    expect([turn, called.length]).toEqual([turn, calls(turn) ? 2 : 0]);
    if (from === 'items') input.push(...(response.output as OpenAI.Responses.ResponseInput));
    else {
      previous = response.id;
      input.length = 0;
    }
    for (const { call_id } of called) input.push({ type: 'function_call_output', call_id, output: 'seen' });
  }
});

test('messages hold one', async () => {
  const messages: Anthropic.MessageParam[] = [];
  for (const turn of turns) {
    if (calls(turn)) messages.push({ role: 'user', content: question(turn, 'messages') });
    const body = {
      model: modelOf(turn),
      max_tokens: 4000,
      messages,
      tools: [{ name: 'look', input_schema: parameters }],
      thinking: { type: 'enabled' as const, budget_tokens: 2000 },
    };
    const message =
      turn % 3 === 0
        ? await anthropic.messages.stream(body).finalMessage()
        : await anthropic.messages.create(body);
    const called = message.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
    expect([turn, called.length]).toEqual([turn, calls(turn) ? 2 : 0]);
    messages.push({ role: 'assistant', content: message.content as Anthropic.ContentBlockParam[] });
    if (called.length === 0) continue;
    messages.push({
      role: 'user',
      content: called.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'seen' })),
    });
  }
});

test('jobs hold one, each turn answered by a fallback', async () => {
  const messages: Message[] = [];
  for (const turn of turns) {
    if (calls(turn)) messages.push(asked(turn, 'jobs'));
    const [model, fallback] = [modelOf(turn), modelOf(turn + 1)];
    await fetch(`${gateway.simulatorUrl}/__simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: '500', provider: model.split('/')[0], count: 1 }),
    });
    const { json: accepted } = await account.call('POST /v1/jobs', {
      request: { model, messages, tools, max_tokens: 4000 },
      fallbacks: [fallback],
      max_attempts: 2,
    });
    const job = await whenEnded(account, accepted.id);
    expect([turn, job.status, job.answered_model]).toEqual([turn, 'succeeded', fallback]);
    const { message } = job.result.choices[0];
    expect(message.tool_calls?.length ?? 0).toBe(calls(turn) ? 2 : 0);
    messages.push(message, ...resultsOf(message));
  }
});
