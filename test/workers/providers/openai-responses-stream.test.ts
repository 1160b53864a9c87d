import { expect, it } from 'vitest';
import type { ChatRequest, Delta } from '../../../src/shared/chat/chat.ts';
import { fromResponse } from '../../../src/workers/providers/openai-responses-answer.ts';
import { createResponsesAssembler } from '../../../src/workers/providers/openai-responses-stream.ts';
import type { ProviderCall } from '../../../src/workers/providers/provider.ts';
import { ReportedError } from '../../../src/workers/providers/reported-error.ts';

type Item = Record<string, unknown>;

function assemble(events: Item[], request: Partial<ChatRequest> = {}) {
  const deltas: Delta[] = [];
  const call = {
    request: { model: 'openai/gpt-5.4', messages: [], ...request },
    onDelta: (delta: Delta) => deltas.push(delta),
  } as unknown as ProviderCall;
  const assembler = createResponsesAssembler(call);
  for (const event of events) assembler.add(event);
  return { deltas, assembler, call };
}

const added = (output_index: number, item: Item) => ({
  type: 'response.output_item.added',
  output_index,
  item,
});
const done = (output_index: number, item: Item) => ({
  type: 'response.output_item.done',
  output_index,
  item,
});
const piece = (kind: string, output_index: number, delta: string, more = {}) => ({
  type: `response.${kind}.delta`,
  output_index,
  delta,
  ...more,
});
const usage = { input_tokens: 10, output_tokens: 20, total_tokens: 30 };
const end = (output: Item[], status = 'completed', more = {}) => ({
  type: `response.${status}`,
  response: { id: 'resp_1', created_at: 1, status, output, usage, ...more },
});

const message = (text: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const called = (call_id: string, text: string) => ({
  type: 'function_call',
  call_id,
  name: 'f',
  arguments: text,
});
const custom = (input: string) => ({ type: 'custom_tool_call', call_id: 'c', name: 'patch', input });
const thought = (texts: string[]) => ({
  type: 'reasoning',
  id: 'rs_1',
  summary: texts.map((text) => ({ type: 'summary_text', text })),
  encrypted_content: 'e',
});

const text = (of: string): Delta => ({ kind: 'text', choice: 0, text: of });
const reasoning = (of: string): Delta => ({ kind: 'reasoning', choice: 0, text: of });
const args = (index: number, pieces: string, head = {}): Delta => ({
  kind: 'tool_call',
  choice: 0,
  index,
  ...head,
  arguments: pieces,
});

const poem = [message('one two')];
const summary = 'reasoning_summary_text';

it.each<[what: string, events: Item[], deltas: Delta[], output: Item[]]>([
  [
    'a text',
    [
      { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } },
      added(0, message('')),
      { type: 'response.content_part.added', output_index: 0, part: { type: 'output_text', text: '' } },
      piece('output_text', 0, 'one '),
      piece('output_text', 0, ''),
      piece('output_text', 0, 'two'),
      { type: 'response.output_text.done', output_index: 0, text: 'one two' },
      done(0, message('one two')),
    ],
    [text('one '), text('two')],
    poem,
  ],
  ['a text without pieces', [added(0, message('')), done(0, message('one two'))], [text('one two')], poem],
  ['a text in the last event alone', [], [text('one two')], poem],
  [
    'a text whose end is in the last event',
    [added(0, message('')), piece('output_text', 0, 'one ')],
    [text('one '), text('two')],
    poem,
  ],
  [
    'two messages, a gap between them',
    [
      added(0, message('')),
      piece('output_text', 0, 'a'),
      done(0, message('a')),
      added(1, message('')),
      piece('output_text', 1, 'b'),
      piece('output_text', 1, 'c'),
      done(1, message('bc')),
    ],
    [text('a'), text('\n\nb'), text('c')],
    [message('a'), message('bc')],
  ],
  [
    'calls and a text that are open at once',
    [
      added(0, called('a', '')),
      added(1, message('')),
      added(2, called('b', '')),
      piece('function_call_arguments', 2, '{"y"'),
      piece('function_call_arguments', 0, '{"x"'),
      piece('output_text', 1, 'one two'),
      piece('function_call_arguments', 0, ':1}'),
      done(1, message('one two')),
      piece('function_call_arguments', 2, ':2}'),
      done(2, called('b', '{"y":2}')),
      done(0, called('a', '{"x":1}')),
    ],
    [
      args(0, '', { id: 'a', name: 'f' }),
      args(1, '', { id: 'b', name: 'f' }),
      args(1, '{"y"'),
      args(0, '{"x"'),
      text('one two'),
      args(0, ':1}'),
      args(1, ':2}'),
    ],
    [called('a', '{"x":1}'), message('one two'), called('b', '{"y":2}')],
  ],
  [
    'the free text of a custom tool, as arguments',
    [
      added(0, custom('')),
      piece('custom_tool_call_input', 0, 'say "'),
      piece('custom_tool_call_input', 0, 'hi"\n'),
      done(0, custom('say "hi"\n')),
    ],
    [
      args(0, '', { id: 'c', name: 'patch', custom: true }),
      args(0, '{"input":"say \\"'),
      args(0, 'hi\\"\\n'),
      args(0, '"}'),
    ],
    [custom('say "hi"\n')],
  ],
  [
    'a custom tool without a text',
    [added(0, custom('')), done(0, custom(''))],
    [args(0, '', { id: 'c', name: 'patch', custom: true }), args(0, '{"input":""}')],
    [custom('')],
  ],
  [
    'summaries of what it thought, before the text',
    [
      added(0, { ...thought([]), encrypted_content: null }),
      piece(summary, 0, 'x', { summary_index: 0 }),
      piece(summary, 0, 'y', { summary_index: 0 }),
      piece(summary, 0, 'z', { summary_index: 1 }),
      done(0, thought(['xy', 'z'])),
      added(1, message('')),
      piece('output_text', 1, 'one two'),
      done(1, message('one two')),
    ],
    [reasoning('x'), reasoning('y'), reasoning('\n\n'), reasoning('z'), text('one two')],
    [thought(['xy', 'z']), ...poem],
  ],
])('reports %s', (_what, events, deltas, output) => {
  const { deltas: reported, assembler, call } = assemble([...events, end(output)]);
  expect(reported).toEqual(deltas);
  const whole = fromResponse(end(output).response, call);
  expect(assembler.completed(true)).toEqual(whole);
  const texts = reported.filter(({ kind }) => kind === 'text').map((delta) => 'text' in delta && delta.text);
  expect(texts.join('')).toBe(whole?.completion.choices[0]?.message.content ?? '');
});

it('reads the items from their own events when the last one lists none', () => {
  const { assembler } = assemble([added(0, message('')), done(0, message('one two')), end([])]);
  expect(assembler.completed(true)?.completion.choices[0]?.message.content).toBe('one two');
});

it('reports no reasoning to who asked for none, and counts it', () => {
  const events = [added(0, thought([])), piece(summary, 0, 'x', { summary_index: 0 })];
  const { deltas, assembler } = assemble(events, { hide_reasoning: true });
  expect(deltas).toEqual([]);
  expect(assembler.produced().text).toBe('x');
});

it('ends where OpenAI cut it', () => {
  const cut = { incomplete_details: { reason: 'max_output_tokens' } };
  const { assembler } = assemble([end(poem, 'incomplete', cut)]);
  expect(assembler.completed(true)?.completion.choices[0]?.finish_reason).toBe('length');
});

it('is not finished without a last event, and has what was put out until then', () => {
  const { assembler } = assemble([
    added(0, message('')),
    piece('output_text', 0, 'one '),
    piece('refusal', 0, 'no'),
    added(1, called('a', '')),
    piece('function_call_arguments', 1, '{"x"'),
  ]);
  expect(assembler.completed(true)).toBeNull();
  expect(assembler.produced()).toEqual({ text: 'one nof{"x"', usage: null });
});

it.each<[what: string, event: Item, message: string]>([
  ['an error event', { type: 'error', code: 'server_error', message: 'It broke.', param: null }, 'It broke.'],
  [
    'a response that failed',
    end([], 'failed', { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } }),
    'Slow down.',
  ],
  ['one that failed without a word', end([], 'failed'), 'failed without a reason'],
])('throws the error of %s', (_what, event, message) => {
  const { assembler } = assemble([added(0, {}), piece('output_text', 0, 'x')]);
  expect(() => assembler.add(event)).toThrow(ReportedError);
  expect(() => assembler.add(event)).toThrow(message);
});

it('has the usage of a response that failed on record', () => {
  const { assembler } = assemble([]);
  expect(() => assembler.add(end([], 'failed'))).toThrow();
  expect(assembler.produced().usage).toMatchObject({ promptTokens: 10, completionTokens: 20 });
});

it('passes over events and items that nobody asked for', () => {
  const search = { type: 'web_search_call', id: 'ws_1' };
  const { deltas } = assemble([
    added(0, search),
    { type: 'response.web_search_call.searching', output_index: 0 },
    piece('code_interpreter_call_code', 0, 'x'),
    piece('output_text', 9, 'x'),
    { type: 'response.of_a_new_kind' },
    { nothing: true },
    done(0, search),
    end([search, ...poem]),
  ]);
  expect(deltas).toEqual([text('one two')]);
});
