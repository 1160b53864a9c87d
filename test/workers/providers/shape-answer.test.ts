import { describe, expect, it, test } from 'vitest';
import type { ProviderKind } from '../../../src/shared/catalogue/model.ts';
import type { ChatRequest } from '../../../src/shared/chat/chat.ts';
import { askProvider, chunks, claude, completion, type Reply, toFrames } from './reply-with.ts';
import { completed, deltaArguments, deltaText, failed } from './setup.ts';

const call = (id: string, name: string, args = '{}') => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
const both = [call('a', 'look'), call('b', 'find')];
const gemini = {
  candidates: [
    {
      content: {
        parts: [{ functionCall: { name: 'look', args: {} } }, { functionCall: { name: 'find', args: {} } }],
      },
      finishReason: 'STOP',
    },
  ],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 },
};
const uses = ['look', 'find'].map((name) => ({ type: 'tool_use', id: name, name, input: {} }));

describe.each([false, true])('one call at a time (stream %s)', (stream) => {
  test.each<[ProviderKind, Reply]>([
    [
      'openai',
      stream ? chunks([{ tool_calls: both }], 'tool_calls') : completion({ tool_calls: both }, 'tool_calls'),
    ],
    ['compatible', stream ? chunks([{ tool_calls: both }], 'stop') : completion({ tool_calls: both })],
    ['anthropic', claude(uses, 'tool_use', stream)],
    ['google', stream ? toFrames([gemini]) : { body: JSON.stringify(gemini) }],
  ])('of %s: the first is kept, all are charged', async (kind, reply) => {
    const body = kind === 'google' ? { body: reply.body.replace('data: [DONE]\n\n', '') } : reply;
    const { answer, deltas } = await askProvider(kind, body, { parallel_tool_calls: false }, stream);
    const { completion: whole, usage } = completed(answer);
    expect(whole.choices[0]?.message.tool_calls?.map((one) => one.function.name)).toEqual(['look']);
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    expect(deltas.every((delta) => delta.kind === 'tool_call' && delta.index === 0)).toBe(true);
    expect(usage?.completionTokens).toBe(5);
    expect(completed(answer).billed?.choices[0]?.message.tool_calls).toHaveLength(2);
  });
});

describe.each([false, true])('a stop at white space, from Claude (stream %s)', (stream) => {
  const ask = (blocks: Record<string, unknown>[], stop: string[], ending = 'end_turn') =>
    askProvider('anthropic', claude(blocks, ending, stream), { stop }, stream);

  it('cuts the answer at the first match, with what comes after', async () => {
    const { answer, deltas } = await ask(
      [{ type: 'text', text: 'one line\n\ntwo' }, ...uses],
      ['END', '\n\n'],
      'tool_use',
    );
    const { completion: whole, usage } = completed(answer);
    expect(whole.choices[0]).toMatchObject({
      message: { content: 'one line', extra_content: { anthropic: { stop_sequence: '\n\n' } } },
      finish_reason: 'stop',
    });
    expect(whole.choices[0]?.message).not.toHaveProperty('tool_calls');
    expect(usage?.completionTokens).toBe(5);
    if (stream) expect(deltas.map((delta) => delta.kind === 'text' && delta.text).join('')).toBe('one line');
  });

  it('leaves an answer alone that has none', async () => {
    const { answer, deltas } = await ask([{ type: 'text', text: 'one line\n' }], ['\n\n']);
    expect(completed(answer).completion.choices[0]?.message.content).toBe('one line\n');
    if (stream) expect(deltaText(deltas)).toBe('one line\n');
  });
});

describe.each([false, true])('JSON mode of Claude (stream %s)', (stream) => {
  const request: Partial<ChatRequest> = { response_format: { type: 'json_object' } };
  const ask = (blocks: Record<string, unknown>[], stop?: string) =>
    askProvider('anthropic', claude(blocks, stop, stream), request, stream);
  const standIn = { type: 'tool_use', id: 't', name: 'json_answer', input: { a: [1] } };

  test.each<[string, Record<string, unknown>[], string]>([
    ['the call that stands for the answer', [standIn], '{"a":[1]}'],
    ['the object', [{ type: 'text', text: '{"a":[1]}' }], '{"a":[1]}'],
    ['the object in a fence', [{ type: 'text', text: '```json\n{"a":[1]}\n```' }], '{"a":[1]}'],
    [
      'the object after a preface',
      [{ type: 'text', text: 'Here it is:\n\n{"a":[1]}\n\nGood?' }],
      '{"a":[1]}',
    ],
  ])('takes %s as the text', async (_what, blocks, expected) => {
    const { answer, deltas } = await ask(
      blocks,
      blocks[0]?.['type'] === 'tool_use' ? 'tool_use' : 'end_turn',
    );
    const choice = completed(answer).completion.choices[0];
    expect(choice).toMatchObject({ message: { content: expected }, finish_reason: 'stop' });
    expect(choice?.message).not.toHaveProperty('tool_calls');
    if (stream) expect(deltaText(deltas)).toBe(expected);
    expect(deltas.every((delta) => delta.kind === 'text')).toBe(true);
  });

  it('is an error where no object came', async () => {
    const { answer } = await ask([{ type: 'text', text: 'I would rather not.' }]);
    expect(failed(answer).failure).toMatchObject({ reason: 'failed', unreadable: 'content' });
  });

  it('leaves calls of the client’s own tools alone, and what the bound cut off', async () => {
    const calls = await ask([{ type: 'text', text: 'Let me see.' }, ...uses], 'tool_use');
    expect(completed(calls.answer).completion.choices[0]).toMatchObject({
      message: { content: 'Let me see.', tool_calls: [{}, {}] },
      finish_reason: 'tool_calls',
    });
    const cut = await ask([{ type: 'text', text: '{"a":' }], 'max_tokens');
    expect(completed(cut.answer).completion.choices[0]).toMatchObject({
      message: { content: '{"a":' },
      finish_reason: 'length',
    });
  });
});

describe.each([false, true])('what the model thought (stream %s)', (stream) => {
  const blocks = [
    { type: 'thinking', thinking: 'hmm', signature: 's' },
    { type: 'text', text: 'yes' },
  ];
  const thought = {
    candidates: [
      { content: { parts: [{ text: 'hmm', thought: true }, { text: 'yes' }] }, finishReason: 'STOP' },
    ],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
  };
  const replies: [ProviderKind, Reply][] = [
    [
      'compatible',
      stream
        ? chunks([{ reasoning_content: 'hmm' }, { content: 'yes' }])
        : completion({ content: 'yes', reasoning_content: 'hmm' }),
    ],
    ['anthropic', claude(blocks, 'end_turn', stream)],
    ['google', { body: stream ? `data: ${JSON.stringify(thought)}\n\n` : JSON.stringify(thought) }],
  ];

  it.each(replies)('of %s is shown, before the text', async (kind, reply) => {
    const { answer, deltas } = await askProvider(kind, reply, {}, stream);
    expect(completed(answer).completion.choices[0]?.message).toMatchObject({
      content: 'yes',
      reasoning_content: 'hmm',
    });
    if (!stream) return;
    const kinds = deltas.map((delta) => delta.kind);
    expect(kinds.indexOf('text')).toBe(kinds.lastIndexOf('reasoning') + 1);
    expect(deltas.map((delta) => (delta.kind === 'reasoning' ? delta.text : '')).join('')).toBe('hmm');
  });

  it.each(replies)('of %s is hidden where that was asked for, and charged', async (kind, reply) => {
    const { answer, deltas } = await askProvider(kind, reply, { hide_reasoning: true }, stream);
    expect(completed(answer).completion.choices[0]?.message).not.toHaveProperty('reasoning_content');
    expect(deltas.some((delta) => delta.kind === 'reasoning')).toBe(false);
    expect(completed(answer).usage?.completionTokens).toBe(5);
    expect(completed(answer).billed?.choices[0]?.message.reasoning_content).toBe('hmm');
  });
});

it('answers a function that stands for a custom tool as the custom tool it is', async () => {
  const tools: ChatRequest['tools'] = [
    { type: 'function', custom: { format: null }, function: { name: 'patch' } },
  ];
  const args = '{"input":"x"}';
  const { answer, deltas } = await askProvider(
    'compatible',
    chunks([{ tool_calls: [call('a', 'patch', args)] }]),
    { tools },
    true,
  );
  expect(completed(answer).completion.choices[0]?.message.tool_calls).toEqual([
    { id: 'a', type: 'function', custom: true, function: { name: 'patch', arguments: args } },
  ]);
  expect(deltas[0]).toMatchObject({ name: 'patch', custom: true });
  expect(deltaArguments(deltas, 0)).toBe(args);
});
