import { expect, it } from 'vitest';
import { isWholeArguments } from '../../../src/shared/chat/whole-arguments.ts';

it.each<[string, boolean]>([
  ['{}', true],
  ['{"a":{"b":1}} \n', true],
  ['{"a":{"b":1}', false],
  ['{"a":"}', false],
  ['', false],
  ['"{}"', false],
])('%j are whole arguments: %s', (text, expected) => {
  expect(isWholeArguments(text)).toBe(expected);
});
