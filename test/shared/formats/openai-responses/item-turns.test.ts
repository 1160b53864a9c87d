import { describe, expect, it } from 'vitest';
import { clientPathOf } from '../../../../src/shared/chat/client-path.ts';
import { Refusal } from '../../../../src/shared/errors.ts';
import { fromItems } from '../../../../src/shared/formats/openai-responses/item-turns.ts';
import { inputItemSchema } from '../../../../src/shared/formats/openai-responses/response-items.ts';

const user = { role: 'user', content: 'hi' };
const text = (words: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: words, annotations: [] }],
});
const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'look', arguments: '{}' });
const output = (id: string, content: unknown = id) => ({
  type: 'function_call_output',
  call_id: id,
  output: content,
});
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [] };

const read = (...items: object[]) => fromItems(items.map((item) => inputItemSchema.parse(item)));

/** A turn in short: its role, its words, and the ids of its calls or of the call it answers. */
function shorten(items: object[]): string[] {
  return read(...items).map((message) => {
    const calls = message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [];
    const ids = message.role === 'tool' ? [message.tool_call_id] : calls;
    return [message.role, message.role === 'tool' ? '' : String(message.content ?? ''), ...ids].join(' ');
  });
}

describe('items become turns', () => {
  it.each<[string, object[], string[]]>([
    [
      'a text between calls',
      [user, call('a'), text('and'), call('b'), output('a'), output('b')],
      ['user hi', 'assistant and a b', 'tool  a', 'tool  b'],
    ],
    [
      'texts and calls in turn',
      [text('one '), call('a'), text('two'), call('b'), output('b'), output('a')],
      ['assistant one two a b', 'tool  b', 'tool  a'],
    ],
    [
      'reasoning between calls',
      [call('a'), reasoning, call('b'), output('a'), output('b')],
      ['assistant  a b', 'tool  a', 'tool  b'],
    ],
    [
      'an output behind a user',
      [user, call('a'), user, output('a')],
      ['user hi', 'assistant  a', 'tool  a', 'user hi'],
    ],
    ['two answers in a row', [text('one'), text('two')], ['assistant one', 'assistant two']],
    [
      'steps one after the other',
      [call('a'), output('a'), text('so'), call('b'), output('b')],
      ['assistant  a', 'tool  a', 'assistant so b', 'tool  b'],
    ],
    ['a message without parts', [user, { role: 'assistant', content: [] }], ['user hi', 'assistant ']],
  ])('%s', (_what, items, turns) => {
    expect(shorten(items)).toEqual(turns);
  });

  it('with images and documents in an output, and fields that nobody knows', () => {
    const parts = [
      { type: 'input_text', text: 'x', prompt_cache_breakpoint: {} },
      { type: 'input_image', image_url: 'https://e.com/a.png', detail: 'original' },
      { type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' },
      { type: 'input_file', file_url: 'https://e.com/a.pdf' },
    ];
    expect(read(call('a'), { ...output('a', parts), caller: { type: 'direct' } })[1]?.content).toEqual([
      { type: 'text', text: 'x' },
      { type: 'image_url', image_url: { url: 'https://e.com/a.png' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' } },
      { type: 'file', file: { file_url: 'https://e.com/a.pdf' } },
    ]);
  });

  it('with calls of custom tools and of namespaces', () => {
    const custom = { type: 'custom_tool_call', call_id: 'a', name: 'patch', input: '*** Begin' };
    const turn = read(
      custom,
      { ...call('b'), namespace: 'mcp__docs' },
      {
        type: 'custom_tool_call_output',
        call_id: 'a',
        output: 'done',
      },
    );
    expect(turn).toMatchObject([
      {
        tool_calls: [
          { id: 'a', custom: true, function: { name: 'patch', arguments: '{"input":"*** Begin"}' } },
          { id: 'b', function: { name: 'mcp__docs__look' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    ]);
  });
});

it('a reference that nobody has put an item in place of is refused by its id', () => {
  const refused = () => read(user, { type: 'item_reference', id: 'msg_1' });
  expect(refused).toThrow(Refusal);
  expect(refused).toThrow('input.1.id: there is no stored item with the id "msg_1"');
});

it('knows the path of what stands in this request, and of nothing before it', () => {
  const items = [text('earlier'), user, call('a'), output('a')].map((item) => inputItemSchema.parse(item));
  const [earlier, question, answer, result] = fromItems(items, 1);
  const [made] = answer?.role === 'assistant' ? (answer.tool_calls ?? []) : [];
  expect([earlier, question, made, result].map((value) => clientPathOf(value as object))).toEqual([
    null,
    'input.0',
    'input.1',
    'input.2',
  ]);
});

it('keeps what it does not know of an item for who does', () => {
  const item = { ...text('x'), phase: 'final', colour: 'red' };
  expect(inputItemSchema.parse(item)).toEqual(item);
});
