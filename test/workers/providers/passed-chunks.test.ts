import { expect, it } from 'vitest';
import type { Delta } from '../../../src/shared/chat/chat.ts';
import { createChunkFitter } from '../../../src/workers/providers/passed-chunks.ts';

type Call = Partial<Extract<Delta, { kind: 'tool_call' }>>;
const text = (words: string): Delta => ({ kind: 'text', choice: 0, text: words });
const thought = (words: string): Delta => ({ kind: 'reasoning', choice: 0, text: words });
const call = (more: Call): Delta => ({ kind: 'tool_call', choice: 0, index: 0, arguments: '', ...more });

const chunk = (delta: unknown, more: object = {}) => ({
  id: 'c',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
  of_a_later_release: 1,
});
const begun = { role: 'assistant' };
const fragment = (more: object) => ({ index: 0, function: { arguments: '{}' }, ...more });

it.each<[string, object, Delta[]]>([
  ['text', { ...begun, content: 'a', unknown: 1 }, [text('a')]],
  ['nothing to read', { ...begun, content: '', refusal: null }, []],
  ['what it thought', { ...begun, content: null, reasoning_content: 'a' }, [thought('a')]],
  ['a call', { ...begun, tool_calls: [fragment({ id: 'c1' })] }, [call({ id: 'c1', arguments: '{}' })]],
  [
    'the call of a custom tool',
    { ...begun, tool_calls: [{ index: 0, id: 'c1', custom: { name: 'f', input: 'a' } }] },
    [call({ id: 'c1', name: 'f', custom: true })],
  ],
])('a chunk with %s goes on as it came', (_what, delta, deltas) => {
  expect(createChunkFitter()(chunk(delta), deltas)).toEqual(chunk(delta));
});

const ours = { index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
const read = [call({ id: 'c1', name: 'f', arguments: '{}' })];

it.each<[string, unknown, Delta[], object]>([
  [
    'content in parts',
    { content: [{ type: 'text', text: 'a' }], unknown: 1 },
    [text('a')],
    { content: 'a', unknown: 1 },
  ],
  ['a delta that is a text', 'a', [text('a')], { content: 'a' }],
  [
    'reasoning under another name',
    { reasoning: 'a' },
    [thought('a')],
    { reasoning: 'a', reasoning_content: 'a' },
  ],
  [
    'arguments as an object',
    { tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: {} } }] },
    read,
    { tool_calls: [ours] },
  ],
  [
    'a call without a number',
    { tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{}' } }] },
    read,
    { tool_calls: [ours] },
  ],
  [
    'a call without an id',
    { tool_calls: [fragment({ function: { name: 'f', arguments: '{}' } })] },
    read,
    { tool_calls: [ours] },
  ],
  [
    'the call of a function from before there were tools',
    { function_call: { name: 'f', arguments: '{}' } },
    read,
    { tool_calls: [ours] },
  ],
  [
    'a call that its client is not given',
    { content: null, tool_calls: [fragment({ id: 'c2' })] },
    [],
    { content: null },
  ],
])('of a chunk with %s its client is given what we read', (_what, delta, deltas, expected) => {
  expect(createChunkFitter()(chunk(delta), deltas)).toEqual(chunk({ ...begun, ...expected }));
});

it('the continued call of a custom tool goes on as it came, and its whole arguments are not sent again', () => {
  const toReadable = createChunkFitter();
  toReadable(chunk({ ...begun, tool_calls: [{ index: 0, id: 'c1', custom: { name: 'f', input: '' } }] }), [
    call({ id: 'c1', name: 'f', custom: true }),
  ]);
  const more = chunk({ tool_calls: [{ index: 0, custom: { input: 'a' } }] });
  expect(toReadable(more, [])).toEqual(more);
  expect(toReadable({}, [call({ arguments: '{"input":"a"}' })])).toEqual({ choices: [] });
});

it('what was held back until the end follows it', () => {
  const toReadable = createChunkFitter();
  toReadable(
    chunk({ ...begun, tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '[' } }] }),
    [],
  );
  expect(toReadable({}, read)).toEqual({
    choices: [{ index: 0, delta: { tool_calls: [ours] }, finish_reason: null }],
  });
});

it('an event that says nothing of a completion is not passed on, and one with the usage is', () => {
  const toReadable = createChunkFitter();
  expect(toReadable({ type: 'ping' }, [])).toBeNull();
  expect(toReadable({ usage: { prompt_tokens: 1 } }, [])).toEqual({
    usage: { prompt_tokens: 1 },
    choices: [],
  });
});
