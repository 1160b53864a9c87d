import { describe, expect, it } from 'vitest';
import { refuseOnMessages } from '../../../tools/simulator/anthropic-rules.ts';
import {
  refuseForeignState,
  refuseOnChatTurns,
  refuseOnPlainServer,
} from '../../../tools/simulator/chat-rules.ts';
import { refuseOnGenerate } from '../../../tools/simulator/google-rules.ts';
import { refuseItems } from '../../../tools/simulator/openai-item-rules.ts';

describe('Claude', () => {
  const user = { role: 'user', content: 'hi' };
  const answers = (...content: object[]) => ({ role: 'assistant', content }) as never;
  const text = { type: 'text', text: 'yes' };
  const thought = { type: 'thinking', thinking: 'hm', signature: 'sig_1' };
  const use = (id = 'a', more: object = {}) => ({ type: 'tool_use', id, name: 'look', input: {}, ...more });
  const results = (...ids: string[]) => ({
    role: 'user',
    content: ids.map((tool_use_id) => ({ type: 'tool_result', tool_use_id, content: 'x' })),
  });
  const after = { role: 'user', content: [text, ...results('a').content] };
  const late = { role: 'system', content: 'Be brief.' };

  it.each<[string, object[], object]>([
    ['calls and results', [user, answers(thought, text, use(), use('b')), results('b', 'a'), late], {}],
    [
      'thinking before calls',
      [user, answers(thought, use()), results('a')],
      { thinking: { type: 'enabled' } },
    ],
  ])('takes %s', (_what, messages, more) => {
    expect(() => refuseOnMessages({ model: 'claude-opus-4-8', messages, ...more })).not.toThrow();
  });

  it.each<[string, object[], RegExp]>([
    ['an empty turn', [user, answers()], /non-empty content/],
    ['an empty text', [user, answers({ type: 'text', text: '' })], /must be non-empty/],
    ['white space', [user, answers({ type: 'text', text: '\n' })], /non-whitespace/],
    ['a field that it does not know', [user, answers(use('a', { index: 0 })), results('a')], /Extra inputs/],
    [
      'thinking that it has not signed',
      [user, answers({ ...thought, signature: 'x' }, text)],
      /Invalid `signature`/,
    ],
    ['thinking at the end', [user, answers(text, thought)], /final block/],
    ['ids in other letters', [user, answers(use('f:0')), results('f:0')], /match pattern/],
    ['an id twice', [user, answers(use()), results('a'), answers(use()), results('a')], /must be unique/],
    ['a call without result', [user, answers(use()), user], /without `tool_result`/],
    ['a result without call', [user, results('a')], /unexpected `tool_use_id`/],
    ['a text before results', [user, answers(use()), after], /must come first/],
    [
      'an input that is no object',
      [user, answers(use('a', { input: 'x' })), results('a')],
      /valid dictionary/,
    ],
    ['an instruction out of its position', [late, user], /must follow a user turn/],
    ['calls without their thinking', [user, answers(use()), results('a')], /Expected `thinking`/],
  ])('refuses %s', (_what, messages, words) => {
    const body = { model: 'claude-opus-4-8', messages, thinking: { type: 'enabled' } };
    expect(() => refuseOnMessages(body)).toThrow(words);
  });
});

describe('Gemini', () => {
  const user = { role: 'user', parts: [{ text: 'hi' }] };
  const call = (id: string, more: object = {}) => ({ functionCall: { id, name: 'look', args: {} }, ...more });
  const signed = { thoughtSignature: 'thought_1' };
  const answer = (id: string, name = 'look') => ({ functionResponse: { id, name, response: {} } });
  const turn = (role: string, ...parts: object[]) => ({ role, parts });

  it('takes calls and their responses', () => {
    const contents = [
      user,
      turn('model', call('a', signed), call('b')),
      turn('user', answer('b'), answer('a')),
    ];
    expect(() => refuseOnGenerate('gemini-3-flash-preview', contents as never)).not.toThrow();
  });

  it.each<[string, object[], RegExp]>([
    [
      'a call without a signature',
      [user, turn('model', call('a')), turn('user', answer('a'))],
      /thought_signature/,
    ],
    ['a signature of another', [user, turn('model', call('a', { thoughtSignature: 'sig_1' }))], /Corrupted/],
    ['a turn without parts', [user, turn('model')], /must not be empty/],
    ['an empty text', [turn('user', { text: '' })], /empty text/],
    ['a call at the beginning', [turn('model', call('a', signed))], /immediately after a user turn/],
    [
      'too few responses',
      [user, turn('model', call('a', signed), call('b')), turn('user', answer('a'))],
      /equal to/,
    ],
    [
      'a response under another name',
      [user, turn('model', call('a', signed)), turn('user', answer('a', 'x'))],
      /no function response/,
    ],
    ['a response without call', [user, turn('user', answer('a'))], /after a function call turn/],
    ['a turn of its own at the end', [user, turn('model', { text: 'yes' })], /end with a user role/],
    [
      'a name that begins with a digit',
      [user, turn('model', { functionCall: { name: '1st', args: {} } })],
      /Invalid function name/,
    ],
  ])('refuses %s', (_what, contents, words) => {
    expect(() => refuseOnGenerate('gemini-3-flash-preview', contents as never)).toThrow(words);
  });
});

describe('chat completions', () => {
  const user = { role: 'user', content: 'hi' };
  const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } });
  const calls = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map(call) });
  const result = (id: string, content: unknown = 'x') =>
    ({ role: 'tool', tool_call_id: id, content }) as never;
  const system = { role: 'system', content: 's' };
  const long = 'x'.repeat(41);

  it.each<[string, object[], RegExp]>([
    ['a call without result', [user, calls('a'), user], /must be followed by tool messages/],
    ['a result without call', [user, result('a')], /must be a response/],
    [
      'an image in a result',
      [user, calls('a'), result('a', [{ type: 'image_url' }])],
      /not supported in a tool/,
    ],
    ['an answer of nothing', [user, { role: 'assistant', content: null }], /got null/],
    ['a long id', [user, calls(long), result(long)], /too long/],
  ])('OpenAI refuses %s', (_what, messages, words) => {
    expect(() => refuseOnChatTurns(messages as never)).toThrow(words);
  });

  it.each(['extra_content', 'reasoning_content', 'reasoning_details'])('OpenAI has no %s', (field) => {
    const messages = [user, { role: 'assistant', content: 'a', [field]: 'x' }];
    expect(() => refuseForeignState(messages)).toThrow(/Unknown parameter/);
  });

  it.each<[string, object[], RegExp]>([
    ['an instruction between turns', [user, { role: 'assistant', content: 'a' }, system], /at the beginning/],
    ['two turns of a user', [user, user], /must alternate/],
    [
      'a field that it does not know',
      [user, { role: 'assistant', content: 'a', annotations: [] }],
      /unsupported/,
    ],
    ['texts in parts', [{ role: 'user', content: [{ type: 'text', text: 'a' }] }], /valid string/],
    ['the developer', [{ role: 'developer', content: 'a' }], /not one of/],
  ])('a plain server refuses %s', (_what, messages, words) => {
    expect(() => refuseOnPlainServer(messages as never)).toThrow(words);
  });
});

describe('OpenAI’s Responses API', () => {
  const call = { type: 'function_call', call_id: 'a', name: 'look', arguments: '{}' };

  it.each<[string, Record<string, unknown>[], RegExp]>([
    ['a field that it does not know', [{ ...call, extra_content: {} }], /Unknown parameter: 'input\[0\]/],
    ['an id of another kind', [{ ...call, id: 'call_1' }], /begins with 'fc'/],
    [
      'an item twice',
      [
        { ...call, id: 'fc_1' },
        { ...call, id: 'fc_1' },
      ],
      /Duplicate item/,
    ],
    [
      'an input in an answer',
      [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }],
      /Invalid value/,
    ],
  ])('refuses %s', (_what, items, words) => {
    expect(() => refuseItems(items)).toThrow(words);
  });
});
