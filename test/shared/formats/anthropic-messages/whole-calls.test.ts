import { expect, it } from 'vitest';
import type { Delta } from '../../../../src/shared/chat/chat.ts';
import { createWholeCalls } from '../../../../src/shared/formats/anthropic-messages/whole-calls.ts';

/** A delta in short: a piece of the call of this number, or a text. */
const toDelta = (short: string): Delta => {
  const [, index, pieces = ''] = /^(\d):(.*)$/.exec(short) ?? [];
  if (index === undefined) return { kind: 'text', choice: 0, text: short };
  return { kind: 'tool_call', choice: 0, index: Number(index), arguments: pieces };
};
const toShort = (delta: Delta) =>
  delta.kind === 'tool_call' ? `${delta.index}:${delta.arguments}` : delta.text;

it.each<[string, string[], string[]]>([
  ['calls one after the other', ['0:', '0:{}', '1:', '1:{', '1:}'], ['0:', '0:{}', '1:', '1:{', '1:}']],
  ['text and a call', ['a', 'b', '0:{}', 'c'], ['a', 'b', '0:{}', 'c']],
  ['calls side by side', ['0:', '1:', '0:{', '1:{', '0:}', '1:}'], ['0:', '0:{', '0:}', '1:', '1:{', '1:}']],
  ['a text in a call', ['0:{', 'a', '0:}', 'b'], ['0:{', '0:}', 'a', 'b']],
  ['white space after a call', ['0:{}', '1:{}', '0: '], ['0:{}', '1:{}']],
  ['a call without arguments', ['0:', '1:{', '1:}'], ['0:', '1:{', '1:}']],
  ['calls that were cut off', ['0:{', '1:{', '2:'], ['0:{', '1:{', '2:']],
  ['a brace in a text', ['0:{"a":"}', '1:{}', '0:"}'], ['0:{"a":"}', '0:"}', '1:{}']],
])('%s', (_what, given, expected) => {
  const calls = createWholeCalls();
  const taken = given.map(toDelta).flatMap((delta) => calls.take(delta));
  expect([...taken, ...calls.rest()].map(toShort)).toEqual(expected);
});
