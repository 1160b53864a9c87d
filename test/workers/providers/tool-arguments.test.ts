import { expect, test } from 'vitest';
import { readJson } from '../../../src/shared/platform/json/read-json.ts';
import { toArguments } from '../../../src/workers/providers/tool-arguments.ts';

test.each<[string, unknown, string]>([
  ['text', '{"a":1}', '{"a":1}'],
  ['text with its spaces', ' {"a": 1}', ' {"a": 1}'],
  ['an object', { path: 'a.txt' }, '{"path":"a.txt"}'],
  ['an object with long numbers', readJson('{"id":2512292042121000001}'), '{"id":2512292042121000001}'],
  ['encoded twice', '"{\\"a\\":1}"', '{"a":1}'],
  ['nothing', undefined, '{}'],
  ['null', null, '{}'],
  ['null as text', 'null', '{}'],
  ['an empty text', '', '{}'],
  ['an empty list, as PHP writes an empty object', [], '{}'],
  ['an empty list as text', '[]', '{}'],
  ['what the model wrote and is no JSON', "{'a': 1}", "{'a': 1}"],
  ['a list that the model wrote', '[1]', '[1]'],
  ['cut off', '{"a":', '{"a":'],
])('%s', (_shape, given, expected) => {
  expect(toArguments(given)).toBe(expected);
});

test.each([[[1]], [7], [true], [[{ a: 1 }]]])('%j is nothing a tool can be called with', (given) => {
  expect(() => toArguments(given)).toThrow('tool arguments that are no object');
});
