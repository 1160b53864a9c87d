import { expect, it } from 'vitest';
import { passedMessage } from '../../../../src/shared/formats/anthropic-messages/passed-message.ts';

const user = { role: 'user', content: 'hi', colour: 'red' };
const plain = {
  model: 'claude-haiku-4-5',
  max_tokens: 9,
  messages: [user],
  context_management: { edits: [] },
};
const format = { type: 'json_schema', schema: { type: 'object' } };
const unsigned = { type: 'thinking', thinking: 'hm', signature: '' };
const signed = { type: 'thinking', thinking: 'hm', signature: 's' };
const text = { type: 'text', text: 'yes' };
const answer = (...content: object[]) => ({ role: 'assistant', content });

it.each<[string, object, object]>([
  ['as it is, with what only Anthropic knows', plain, plain],
  ['without what is for us', { ...plain, stream: true }, plain],
  [
    'with the format of its output where it stands today',
    { ...plain, output_format: format },
    {
      ...plain,
      output_config: { format },
    },
  ],
  [
    'with an effort beside the format',
    { ...plain, output_format: format, output_config: { effort: 'low' } },
    {
      ...plain,
      output_config: { format, effort: 'low' },
    },
  ],
  ['with its top_k', { ...plain, top_k: 5 }, { ...plain, top_k: 5 }],
  ['without a sentinel for none', { ...plain, top_k: -1 }, plain],
  [
    'with signed thinking',
    { ...plain, messages: [user, answer(signed, text)] },
    {
      ...plain,
      messages: [user, answer(signed, text)],
    },
  ],
  [
    'without what another provider thought',
    { ...plain, messages: [user, answer(unsigned, text)] },
    {
      ...plain,
      messages: [user, answer(text)],
    },
  ],
  [
    'without a turn of nothing else',
    { ...plain, messages: [user, answer(unsigned), user] },
    {
      ...plain,
      messages: [user, user],
    },
  ],
])('a body of Anthropic’s goes on %s', (_what, given, body) => {
  expect(passedMessage(given)).toEqual({ dialect: 'messages', body });
});
