import { describe, expect, it, test } from 'vitest';
import type { Choice } from '../../../src/shared/chat/chat.ts';
import { askProvider, chunks, completion, toFrames } from './reply-with.ts';
import { completed, failed } from './setup.ts';

const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } };
const calls = { content: null, tool_calls: [call] };

async function read(message: object, finish: unknown = 'stop'): Promise<Choice[]> {
  const whole = completed((await askProvider('compatible', completion(message, finish))).answer);
  const streamed = completed((await askProvider('compatible', chunks([message], finish), {}, true)).answer);
  return [whole, streamed].map((answer) => answer.completion.choices[0] as Choice);
}

describe('content, whole and streamed', () => {
  test.each<[string, unknown, object]>([
    ['a text', 'yes', { content: 'yes' }],
    [
      'parts',
      [
        { type: 'text', text: 'y' },
        { type: 'text', text: 'es' },
      ],
      { content: 'yes' },
    ],
    [
      'parts of the Responses API',
      [{ type: 'output_text', text: 'yes', annotations: [] }],
      { content: 'yes' },
    ],
    ['bare texts', ['y', 'es'], { content: 'yes' }],
    ['one part alone', { type: 'text', text: 'yes' }, { content: 'yes' }],
    ['a text with a value', [{ type: 'text', text: { value: 'yes' } }], { content: 'yes' }],
    ['the object that was asked for', { a: 1 }, { content: '{"a":1}' }],
    [
      'a reference beside the text',
      [
        { type: 'text', text: 'yes' },
        { type: 'reference', reference_ids: [1] },
      ],
      { content: 'yes' },
    ],
    ['a refusal', [{ type: 'refusal', refusal: 'no' }], { content: null, refusal: 'no' }],
    [
      'Mistral’s thinking',
      [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
        { type: 'text', text: 'yes' },
      ],
      { content: 'yes', reasoning_content: 'hm' },
    ],
  ])('%s', async (_shape, content, expected) => {
    for (const { message } of await read({ role: 'assistant', content }))
      expect(message).toMatchObject(expected);
  });

  it('holds a call in a part', async () => {
    const part = { type: 'tool_use', id: 'a', name: 'look', input: { q: 1 } };
    for (const choice of await read({ content: [part] })) {
      expect(choice.finish_reason).toBe('tool_calls');
      expect(choice.message.tool_calls).toEqual([
        { id: 'a', type: 'function', function: { name: 'look', arguments: '{"q":1}' } },
      ]);
    }
  });

  it.each([false, true])(
    'that nobody can read is an error, not an empty answer (stream %s)',
    async (stream) => {
      const message = { content: [{ type: 'hologram', data: 'x' }] };
      const { answer } = await askProvider(
        'compatible',
        stream ? chunks([message]) : completion(message),
        {},
        stream,
      );
      const { failure, produced } = failed(answer);
      expect(failure).toMatchObject({ reason: 'failed', unreadable: 'content', status: 200 });
      expect(failure.message).toContain('hologram');
      if (!stream) expect(produced.usage).toMatchObject({ completionTokens: 5 });
    },
  );
});

describe('tool calls of a whole answer', () => {
  test.each<[string, object, string]>([
    ['no id', { tool_calls: [{ ...call, id: undefined }] }, 'look({})'],
    ['an empty id', { tool_calls: [{ ...call, id: '' }] }, 'look({})'],
    ['one id twice', { tool_calls: [call, call] }, 'look({}) look({})'],
    ['one alone', { tool_calls: call }, 'look({})'],
    ['the older field', { function_call: { name: 'look', arguments: { q: 1 } } }, 'look({"q":1})'],
    ['no type', { tool_calls: [{ ...call, type: null }] }, 'look({})'],
    [
      'an object of long numbers',
      { tool_calls: [{ function: { name: 'look', arguments: { q: 'x' } } }] },
      'look({"q":"x"})',
    ],
  ])('%s', async (_shape, message, expected) => {
    const [whole] = await read({ content: null, ...message });
    const found = whole?.message.tool_calls ?? [];
    expect(found.map(({ function: f }) => `${f.name}(${f.arguments})`).join(' ')).toBe(expected);
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    expect(found.every(({ id, type }) => id !== '' && type === 'function')).toBe(true);
  });
});

describe('finish reasons against what came', () => {
  test.each<[unknown, object, string]>([
    ['stop', calls, 'tool_calls'],
    ['STOP', calls, 'tool_calls'],
    ['function_call', calls, 'tool_calls'],
    ['tool_use', calls, 'tool_calls'],
    ['eos', calls, 'tool_calls'],
    ['length', calls, 'length'],
    ['tool_calls', { content: 'x' }, 'stop'],
    ['eos_token', { content: 'x' }, 'stop'],
    ['max_tokens', { content: 'x' }, 'length'],
    ['MAX_TOKENS', { content: 'x' }, 'length'],
    ['model_length', { content: 'x' }, 'length'],
    ['safety', { content: 'x' }, 'content_filter'],
    ['refusal', { content: 'x' }, 'content_filter'],
    ['sensitive', { content: 'x' }, 'content_filter'],
    // The body is whole, and the stream has its closing frame.
    [null, { content: 'x' }, 'stop'],
    ['', { content: 'x' }, 'stop'],
    [null, calls, 'tool_calls'],
  ])('%j of %j is %s', async (finish, message, expected) => {
    expect((await read(message, finish)).map((choice) => choice.finish_reason)).toEqual([expected, expected]);
  });

  it('is missing where a stream ends without its closing frame: nobody knows what is missing too', async () => {
    const { body } = chunks([{ content: 'x' }], null);
    const { answer } = await askProvider(
      'compatible',
      { body: body.replace('data: [DONE]\n\n', '') },
      {},
      true,
    );
    expect(failed(answer).failure.reason).toBe('cut');
  });

  it.each(['error', 'network_error', 'insufficient_system_resource', 'abort'])(
    '%s is an error',
    async (word) => {
      for (const stream of [false, true]) {
        const reply = stream ? chunks([{ content: 'x' }], word) : completion({ content: 'x' }, word);
        const { answer } = await askProvider('compatible', reply, {}, stream);
        expect(failed(answer).failure).toMatchObject({ reason: 'failed', code: word });
      }
    },
  );
});

describe('an answer with nothing in it', () => {
  const tokens = (completion_tokens: number, reasoning_tokens = 0) => ({
    usage: { prompt_tokens: 10, completion_tokens, completion_tokens_details: { reasoning_tokens } },
  });
  test.each<[string, object, unknown, boolean]>([
    ['with the tokens that end a turn', tokens(1), 'stop', true],
    ['with none at all', tokens(0), 'stop', true],
    ['after reasoning that is not shown', tokens(900, 899), 'stop', true],
    ['that the bound cut off', tokens(900), 'length', true],
    ['that a filter withheld', tokens(9), 'content_filter', true],
    ['with output that was billed', tokens(50), 'stop', false],
    ['without usage', { usage: null }, 'stop', false],
  ])('%s', async (_what, more, finish, isAnswer) => {
    const { answer } = await askProvider('compatible', completion({ content: '' }, finish, more));
    expect(answer.kind).toBe(isAnswer ? 'completed' : 'failed');
    if (!isAnswer) expect(failed(answer).failure.unreadable).toBe('empty');
  });
});

it('reads a whole answer where a stream was asked for, and one that repeats itself in its last chunk', async () => {
  const whole = { ...completion({ content: 'yes' }), type: 'application/json' };
  const first = await askProvider('compatible', whole, {}, true);
  expect(completed(first.answer).completion.choices[0]?.message.content).toBe('yes');
  expect(first.deltas).toEqual([{ kind: 'text', choice: 0, text: 'yes' }]);
  const repeated = toFrames([
    { choices: [{ index: 0, delta: { content: 'yes' } }] },
    { choices: [{ index: 0, finish_reason: 'stop', message: { content: 'yes' } }] },
  ]);
  const second = await askProvider('compatible', { ...repeated, type: 'application/json' }, {}, true);
  expect(completed(second.answer).completion.choices[0]?.message.content).toBe('yes');
});

it.each(['reasoning_content', 'reasoning', 'thinking'])(
  'shows %s before the text, and once',
  async (name) => {
    const deltas = [{ [name]: 'h', reasoning: 'h' }, { [name]: 'm', reasoning: 'm' }, { content: 'yes' }];
    const { answer, deltas: shown } = await askProvider('compatible', chunks(deltas), {}, true);
    expect(shown.map((delta) => delta.kind)).toEqual(['reasoning', 'reasoning', 'text']);
    expect(completed(answer).completion.choices[0]?.message).toMatchObject({
      content: 'yes',
      reasoning_content: 'hm',
    });
  },
);
