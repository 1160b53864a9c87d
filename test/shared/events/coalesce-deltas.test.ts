import { expect, test } from 'vitest';
import { createDeltaCoalescer } from '../../../src/shared/events/coalesce-deltas.ts';

const text = (content: string, more: object = {}) => ({
  kind: 'text' as const,
  choice: 0,
  text: content,
  ...more,
});

test('waiting text is joined, and thinking stays before what it led to', () => {
  const coalescer = createDeltaCoalescer(1);
  for (const delta of [text('a', { thinking: [1] }), text('b'), text('c', { thinking: [2] }), text('d')]) {
    coalescer.add(delta);
  }
  expect(coalescer.take().map(({ fields }) => JSON.parse(fields))).toEqual([
    { attempt: 1, choice: 0, offset: 0, text: 'ab', thinking: [1] },
    { attempt: 1, choice: 0, offset: 2, text: 'cd', thinking: [2] },
  ]);
  expect(coalescer.isEmpty()).toBe(true);
});

test('a text does not overtake the call that came before it', () => {
  const coalescer = createDeltaCoalescer(1);
  const call = (pieces: string, choice = 0) => ({
    kind: 'tool_call' as const,
    choice,
    index: 0,
    arguments: pieces,
  });
  for (const delta of [call('{'), call('}'), text('a'), call('{}', 1), text('b')]) coalescer.add(delta);
  expect(coalescer.take().map(({ fields }) => JSON.parse(fields))).toEqual([
    { attempt: 1, choice: 0, index: 0, arguments: '{}' },
    { attempt: 1, choice: 0, offset: 0, text: 'ab' },
    { attempt: 1, choice: 1, index: 0, arguments: '{}' },
  ]);
});

test('what was thought has events of its own, before what it led to', () => {
  const coalescer = createDeltaCoalescer(1);
  const thought = (content: string) => ({ kind: 'reasoning' as const, choice: 0, text: content });
  const call = { kind: 'tool_call' as const, choice: 0, index: 0, custom: true as const, arguments: '{}' };
  for (const delta of [thought('x'), thought('y'), text('a'), thought('z'), call]) coalescer.add(delta);
  expect(coalescer.isEmpty()).toBe(false);
  const events = coalescer.take();
  expect(events.map(({ type, fields }) => [type, JSON.parse(fields)])).toEqual([
    ['output.reasoning', { attempt: 1, choice: 0, offset: 0, text: 'xy' }],
    ['output.delta', { attempt: 1, choice: 0, offset: 0, text: 'a' }],
    ['output.reasoning', { attempt: 1, choice: 0, offset: 2, text: 'z' }],
    ['output.tool_call', { attempt: 1, choice: 0, index: 0, custom: true, arguments: '{}' }],
  ]);
  expect(coalescer.isEmpty()).toBe(true);
});
