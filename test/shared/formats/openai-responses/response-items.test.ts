import { describe, expect, test } from 'vitest';
import type { ChatCompletion, ExtraContent, Message } from '../../../../src/shared/chat/chat.ts';
import { fromItems } from '../../../../src/shared/formats/openai-responses/item-turns.ts';
import { toOutput } from '../../../../src/shared/formats/openai-responses/output-items.ts';
import {
  type InputItem,
  inputItemSchema,
} from '../../../../src/shared/formats/openai-responses/response-items.ts';

const thought: ExtraContent = { anthropic: { content: [{ type: 'thinking', signature: 's' }] } };
const signed: ExtraContent = { google: { thought_signature: 's' } };
const call = {
  id: 't1',
  type: 'function' as const,
  function: { name: 'look', arguments: '{}' },
  extra_content: signed,
};

const outputOf = (message: object): InputItem[] => {
  const choice = {
    index: 0,
    message: { role: 'assistant', refusal: null, ...message },
    finish_reason: 'stop',
  };
  const completion = { choices: [choice] } as unknown as ChatCompletion;
  return toOutput(completion, 'resp_1', 'completed').map((item) => inputItemSchema.parse(item));
};

describe('the output of a response, given back as input, is the turn that it was', () => {
  const question: InputItem = { type: 'message', role: 'user', content: 'hello' };
  test.each<[string, object, object]>([
    ['a text', { content: 'hi' }, { content: 'hi' }],
    ['a text and what was thought', { content: 'hi', extra_content: thought }, { extra_content: thought }],
    [
      'calls with their state, and what was thought',
      { content: null, tool_calls: [call], extra_content: thought },
      { content: null, tool_calls: [call], extra_content: thought },
    ],
  ])('%s', (_, answer, expected) => {
    expect(fromItems([question, ...outputOf(answer), question])).toMatchObject([
      { role: 'user' },
      { role: 'assistant', ...expected },
      { role: 'user' },
    ]);
  });

  test('also where the reasoning is put before its turn, and when there are several', () => {
    const turn = outputOf({ content: 'hi', extra_content: thought });
    const items = [question, ...turn.toReversed(), question, ...outputOf({ content: 'ho' })];
    const states = fromItems(items).map(({ extra_content }: Message) => extra_content);
    expect(states).toEqual([undefined, thought, undefined, undefined]);
  });

  test('reasoning that holds nothing for us says nothing', () => {
    const items = [question, inputItemSchema.parse({ type: 'reasoning', id: 'rs_1', summary: [] })];
    expect(fromItems(items)).toEqual([{ role: 'user', content: 'hello' }]);
  });
});
