import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { ChatRequest, Delta, Message } from '../../../src/shared/chat/chat.ts';
import { completed, deltaArguments, deltaText, failed, startBench, textOf } from './setup.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench({ headersTimeoutMs: 1000, idleTimeoutMs: 1000 });
});
afterAll(() => bench.close());

type Options = NonNullable<Parameters<typeof bench.call>[2]>;
const askResponses = (request: Partial<ChatRequest> | string, options: Options = {}) =>
  bench.call('openai', request, { model: 'gpt-5.4', api: 'responses', reasons: true, ...options });

const user = (content: string): Message => ({ role: 'user', content });
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const patch = { type: 'function' as const, custom: { format: null }, function: { name: 'apply_patch' } };

const messageOf = (answer: Answer) => completed(answer).completion.choices[0]?.message;
const reasoningOf = (deltas: Delta[]) =>
  deltas.flatMap((delta) => (delta.kind === 'reasoning' ? [delta.text] : [])).join('');

describe.each([false, true])('through the Responses API, stream %s', (stream) => {
  it('answers, counts and charges as the provider does', async () => {
    const question = `how many? ${stream} [[reasoning:7]] [[cached:3]]`;
    const { answer, deltas, attemptId } = await askResponses(question, { stream });
    const { usage, completion } = completed(answer);
    expect(completion).toMatchObject({ model: 'openai/gpt-5.4', choices: [{ finish_reason: 'stop' }] });
    if (stream) expect(deltaText(deltas)).toBe(textOf(answer));
    const [metered] = await bench.meter(attemptId);
    expect(usage).toMatchObject({
      promptTokens: metered?.prompt_tokens,
      completionTokens: metered?.completion_tokens,
      cachedTokens: 3,
      reasoningTokens: 7,
    });
  });

  it('keeps encrypted reasoning over the turns of a tool, and shows its summary', async () => {
    const asked: Partial<ChatRequest> = {
      messages: [user(`get_weather, please ${stream} [[reasoning:7]]`)],
      tools: [weather],
      reasoning_effort: 'low',
      reasoning_summary: 'auto',
    };
    const first = await askResponses(asked, { stream });
    const turn = messageOf(first.answer);
    const [call] = turn?.tool_calls ?? [];
    expect(call?.function.name).toBe('get_weather');
    expect(turn).toMatchObject({
      reasoning_content: 'Let me think.',
      extra_content: { openai: { reasoning_items: [{ type: 'reasoning', before: call?.id }] } },
    });
    if (stream) {
      expect(reasoningOf(first.deltas)).toBe('Let me think.');
      expect(deltaArguments(first.deltas, 0)).toBe(call?.function.arguments);
    }
    const result: Message = { role: 'tool', tool_call_id: call?.id ?? '', content: 'rain' };
    const messages = [...(asked.messages ?? []), turn as Message, result];
    const second = await askResponses({ ...asked, messages }, { stream });
    expect(textOf(second.answer)).toContain('get_weather, please');
  });

  it('calls custom tools with free text', async () => {
    const question = user(`say "x" ${stream} [[call:apply_patch]]`);
    const { answer, deltas } = await askResponses({ messages: [question], tools: [patch] }, { stream });
    const [call] = messageOf(answer)?.tool_calls ?? [];
    expect(call).toMatchObject({ custom: true, function: { name: 'apply_patch' } });
    expect(JSON.parse(call?.function.arguments ?? '')).toEqual({ input: question.content });
    if (stream) expect(JSON.parse(deltaArguments(deltas, 0))).toEqual({ input: question.content });
    const result: Message = { role: 'tool', tool_call_id: call?.id ?? '', content: 'done' };
    const messages = [question, messageOf(answer) as Message, result];
    const second = await askResponses({ messages, tools: [patch] }, { stream });
    expect(textOf(second.answer)).toContain('say "x"');
  });

  it('ends at its bound', async () => {
    const { answer } = await askResponses(`[[length:200]] ${stream}`, { stream, maxOutputTokens: 16 });
    expect(completed(answer).completion.choices[0]?.finish_reason).toBe('length');
    expect(completed(answer).usage?.completionTokens).toBe(16);
  });

  it('answers by a schema', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const { answer } = await askResponses(
      { response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } },
      { stream },
    );
    expect(JSON.parse(textOf(answer))).toHaveProperty('a');
  });

  it.each([
    ['429 retry-after=2', 'throttled', 429],
    ['quota', 'exhausted', 429],
    ['401', 'auth', 401],
    ['400', 'rejected', 400],
    ['500', 'failed', 500],
    ['reset', 'cut', null],
    ['cut', 'cut', 200],
    ['malformed', 'cut', 200],
  ])('is %s: %s', async (fault, reason, status) => {
    const { answer, attemptId } = await askResponses(`[[fault:${fault}]] ${stream}`, { stream });
    expect(failed(answer).failure).toMatchObject({ reason, status });
    expect(await bench.meter(attemptId)).toHaveLength(1);
  });
});

it('is no answer without items, and charges nothing it did not see', async () => {
  const { answer } = await askResponses('[[fault:empty]] x');
  expect(failed(answer)).toMatchObject({ failure: { status: 200 }, produced: { text: '', usage: null } });
});

it('has what was put out until its stream broke', async () => {
  const { answer, deltas } = await askResponses('[[fault:stream_error at=9]] a long answer', {
    stream: true,
  });
  const { failure, produced } = failed(answer);
  expect(failure).toMatchObject({
    reason: 'failed',
    message: 'The server had an error',
    code: 'server_error',
  });
  expect(produced.text).toBe(deltaText(deltas));
  expect(produced.text).not.toBe('');
});

it.each([false, true])('goes on without reasoning that OpenAI cannot read, stream %s', async (stream) => {
  const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' };
  const turn: Message = {
    role: 'assistant',
    content: 'A',
    extra_content: { openai: { reasoning_items: [sealed] } },
  };
  const { answer, deltas } = await askResponses({ messages: [user('Q'), turn, user('x')] }, { stream });
  expect(textOf(answer)).toContain('x');
  if (stream) expect(deltaText(deltas)).toBe(textOf(answer));
});

it.each<[what: string, more: object]>([
  ['that it cannot read', { encrypted_content: 'gAAA' }],
  ['that it did not store', {}],
  ['that nothing came of', { encrypted_content: 'encrypted-1' }],
])('lets a client’s own body through without reasoning %s', async (what, more) => {
  const answered = {
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'A', annotations: [] }],
  };
  const input = [
    { role: 'user', content: what },
    { type: 'reasoning', id: 'rs_1', summary: [], ...more },
    ...(what === 'that nothing came of' ? [] : [answered]),
    { role: 'user', content: 'x' },
  ];
  const pass_through = { dialect: 'responses' as const, body: { model: 'gpt-5.4', input } };
  const { answer } = await askResponses({ messages: [user('x')], pass_through });
  expect(completed(answer).completion.pass_through?.body).toMatchObject({ status: 'completed' });
});

it('takes ids of calls that are longer than OpenAI’s', async () => {
  const id = `call_${'x'.repeat(80)}`;
  const call = { id, type: 'function' as const, function: { name: 'f', arguments: '{}' } };
  const messages: Message[] = [
    user('x'),
    { role: 'assistant', tool_calls: [call] },
    { role: 'tool', tool_call_id: id, content: 'r' },
  ];
  expect(textOf((await askResponses({ messages })).answer)).toContain('x');
});

it('is needed for tools from gpt-5.4 on, and for codex', async () => {
  const tools = { messages: [user('x')], tools: [weather], reasoning_effort: 'low' as const };
  const onChat = await bench.call('openai', tools, { model: 'gpt-5.4' });
  expect(failed(onChat.answer).failure).toMatchObject({ reason: 'rejected', status: 400 });
  const codex = await bench.call('openai', 'x', { model: 'gpt-5.3-codex' });
  expect(failed(codex.answer).failure).toMatchObject({ reason: 'rejected', status: 404 });
  const here = await askResponses('x', { model: 'gpt-5.3-codex' });
  expect(textOf(here.answer)).toContain('x');
});
