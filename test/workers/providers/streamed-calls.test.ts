import { describe, expect, test } from 'vitest';
import type { Delta } from '../../../src/shared/chat/chat.ts';
import { readReportedCall } from '../../../src/workers/providers/openai-tool-call.ts';
import { createOutputLog } from '../../../src/workers/providers/output-log.ts';
import { createStreamedCalls } from '../../../src/workers/providers/streamed-calls.ts';

/** A fragment as it is sent; what is undefined is left out. */
function fragment(index?: unknown, id?: unknown, name?: unknown, args?: unknown): object {
  return JSON.parse(JSON.stringify({ index, id, type: 'function', function: { name, arguments: args } }));
}

function gather(fragments: object[], isCutOff = false) {
  const deltas: Delta[] = [];
  const calls = createStreamedCalls(0, ['look', 'look_up', 'find'], createOutputLog(), (delta) =>
    deltas.push(delta),
  );
  for (const one of fragments) calls.add(readReportedCall(one));
  return { calls: calls.close(isCutOff), deltas };
}

/** What a client puts together by index. */
function asClient(deltas: Delta[]) {
  const calls: { id: string; name: string; args: string }[] = [];
  for (const delta of deltas) {
    if (delta.kind !== 'tool_call') continue;
    calls[delta.index] ??= { id: '', name: '', args: '' };
    const call = calls[delta.index];
    if (call === undefined) continue;
    call.id += delta.id ?? '';
    call.name += delta.name ?? '';
    call.args += delta.arguments;
  }
  return calls;
}

const look = { name: 'look', args: '{"q":1}' };
const find = { name: 'find', args: '{"r":2}' };

/** Each row: how a server sends its calls, the fragments, and what they are. */
describe('tool calls as servers stream them', () => {
  test.each<[string, object[], { name: string; args: string }[]]>([
    ['OpenAI', [fragment(0, 'a', 'look', ''), fragment(0, undefined, undefined, '{"q":1}')], [look]],
    ['no id', [fragment(0, undefined, 'look', '{"q"'), fragment(0, undefined, undefined, ':1}')], [look]],
    ['an empty id and name', [fragment(0, 'a', 'look', '{"q"'), fragment(0, '', '', ':1}')], [look]],
    ['null for what is not new', [fragment(0, 'a', 'look', '{"q"'), fragment(0, null, null, ':1}')], [look]],
    ['the id each time', [fragment(0, 'a', 'look', '{"q"'), fragment(0, 'a', undefined, ':1}')], [look]],
    ['id and name each time', [fragment(0, 'a', 'look', '{"q"'), fragment(0, 'a', 'look', ':1}')], [look]],
    ['another id each time', [fragment(0, 'a', 'look', '{"q"'), fragment(0, 'b', undefined, ':1}')], [look]],
    [
      'no index',
      [fragment(undefined, 'a', 'look', '{"q"'), fragment(undefined, undefined, undefined, ':1}')],
      [look],
    ],
    [
      'the index as text',
      [fragment('0', 'a', 'look', '{"q"'), fragment('0', undefined, undefined, ':1}')],
      [look],
    ],
    ['a numbered id', [fragment(0, 7, 'look', '{"q":1}')], [look]],
    ['its first index is 1', [fragment(1, 'a', 'look', '{"q":1}')], [look]],
    [
      'the name in pieces',
      [fragment(0, 'a', 'lo'), fragment(0, undefined, 'ok'), fragment(0, undefined, undefined, '{"q":1}')],
      [look],
    ],
    [
      'a longer name in pieces, the first of which is a tool too',
      [fragment(0, 'a', 'look'), fragment(0, undefined, '_up'), fragment(0, undefined, undefined, '{"q":1}')],
      [{ name: 'look_up', args: '{"q":1}' }],
    ],
    ['the name as far as it came', [fragment(0, 'a', 'fi'), fragment(0, 'a', 'find', '{"r":2}')], [find]],
    [
      'the whole call again at its end',
      [fragment(0, 'a', 'look', '{"q":1}'), fragment(0, 'a', 'look', '{"q":1}')],
      [look],
    ],
    ['an object', [fragment(0, 'a', 'look', { q: 1 })], [look]],
    ['an object without an id', [fragment(undefined, undefined, 'look', { q: 1 })], [look]],
    [
      'encoded twice',
      [fragment(0, 'a', 'look', '"{\\"q\\"'), fragment(0, undefined, undefined, ':1}"')],
      [look],
    ],
    ['no arguments', [fragment(0, 'a', 'look')], [{ name: 'look', args: '{}' }]],
    ['null as text', [fragment(0, 'a', 'look', 'null')], [{ name: 'look', args: '{}' }]],
    ['an empty list', [fragment(0, 'a', 'look', [])], [{ name: 'look', args: '{}' }]],
    ['what is no JSON', [fragment(0, 'a', 'look', 'q=1')], [{ name: 'look', args: 'q=1' }]],
    ['two calls', [fragment(0, 'a', 'look', '{"q":1}'), fragment(1, 'b', 'find', '{"r":2}')], [look, find]],
    [
      'two at index 0',
      [fragment(0, 'a', 'look', '{"q":1}'), fragment(0, 'b', 'find', '{"r":2}')],
      [look, find],
    ],
    [
      'the same tool twice at index 0',
      [fragment(0, 'a', 'look', '{"q":1}'), fragment(0, 'b', 'look', '{"q":1}')],
      [look, look],
    ],
    [
      'two at index 0 without ids',
      [fragment(0, undefined, 'look', '{"q":1}'), fragment(0, undefined, 'find', '{"r":2}')],
      [look, find],
    ],
    [
      'two at index 0 in pieces without ids',
      [
        fragment(0, undefined, 'look', '{"q"'),
        fragment(0, undefined, undefined, ':1}'),
        fragment(0, undefined, 'find', ''),
        fragment(0, undefined, undefined, '{"r":2}'),
      ],
      [look, find],
    ],
    [
      'two without index and ids',
      [fragment(undefined, undefined, 'look', '{"q":1}'), fragment(undefined, undefined, 'look', '{"q":3}')],
      [look, { name: 'look', args: '{"q":3}' }],
    ],
    [
      'two with one id',
      [fragment(0, 'a', 'look', '{"q":1}'), fragment(1, 'a', 'find', '{"r":2}')],
      [look, find],
    ],
    [
      'two without arguments at index 0',
      [fragment(0, undefined, 'look'), fragment(0, undefined, 'find')],
      [
        { name: 'look', args: '{}' },
        { name: 'find', args: '{}' },
      ],
    ],
    [
      'two that take turns',
      [
        fragment(0, 'a', 'look', '{"q"'),
        fragment(1, 'b', 'find', '{"r"'),
        fragment(0, undefined, undefined, ':1}'),
        fragment(1, undefined, undefined, ':2}'),
      ],
      [look, find],
    ],
    ['flat fields', [{ id: 'a', name: 'look', arguments: { q: 1 } }], [look]],
    ['a block of Anthropic’s', [{ type: 'tool_use', id: 'a', name: 'look', input: { q: 1 } }], [look]],
  ])('%s', (_how, fragments, expected) => {
    const { calls, deltas } = gather(fragments);
    expect(calls.map(({ function: { name, arguments: args } }) => ({ name, args }))).toEqual(expected);
    expect(asClient(deltas)).toEqual(
      calls.map(({ id, function: { name, arguments: args } }) => ({ id, name, args })),
    );
    expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
    expect(calls.every(({ id }) => id !== '')).toBe(true);
  });

  test('arguments that were cut off stay as far as they came', () => {
    const { calls } = gather([fragment(0, 'a', 'look', '{"q'), fragment(1, 'b', 'find', '')], true);
    expect(calls.map((call) => call.function.arguments)).toEqual(['{"q', '']);
  });

  test('arguments are passed on as they come', () => {
    const { deltas } = gather([
      fragment(0, 'a', 'find', ''),
      fragment(0, undefined, undefined, '{"r"'),
      fragment(0, undefined, undefined, ':2}'),
    ]);
    expect(deltas).toMatchObject([
      { id: 'a', name: 'find', arguments: '' },
      { arguments: '{"r"' },
      { arguments: ':2}' },
    ]);
  });

  test('a call that never gets a name is no call', () => {
    expect(() => gather([fragment(0, 'a', undefined, '{}')])).toThrow('a tool call without a name');
  });
});
