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
const blank = { type: 'text', text: ' ' };
const redacted = { type: 'redacted_thinking', data: 'd' };
const google = { google: { thought_signature: 's' } };
const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: {}, cache_control: null });
const results = (...ids: string[]) => ({
  role: 'user',
  content: ids.map((tool_use_id) => ({ type: 'tool_result', tool_use_id, content: 'x', colour: 'red' })),
});
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
  [
    'without the state of another provider',
    {
      ...plain,
      messages: [
        user,
        answer({ ...text, extra_content: google }, { ...use('c'), extra_content: google }),
        results('c'),
      ],
    },
    { ...plain, messages: [user, answer(text, use('c')), results('c')] },
  ],
  [
    'with ids that it takes, each of one call',
    {
      ...plain,
      messages: [
        user,
        answer(use('f.look:0'), use('f.look:1')),
        results('f.look:1', 'f.look:0'),
        answer(use('f.look:0')),
        results('f.look:0'),
      ],
    },
    {
      ...plain,
      messages: [
        user,
        answer(use('f_look_0'), use('f_look_1')),
        results('f_look_1', 'f_look_0'),
        answer(use('f_look_0_2')),
        results('f_look_0_2'),
      ],
    },
  ],
  [
    'without an answer of white space',
    {
      ...plain,
      messages: [user, answer({ type: 'text', text: '\n' }, use('c')), results('c'), answer(blank), user],
    },
    { ...plain, messages: [user, answer(use('c')), results('c'), user] },
  ],
  [
    'without thinking that nothing came of',
    { ...plain, messages: [user, answer(signed), user, answer(signed, text, redacted), user] },
    { ...plain, messages: [user, user, answer(signed, text), user] },
  ],
])('a body of Anthropic’s goes on %s', (_what, given, body) => {
  expect(passedMessage(given)).toEqual({ dialect: 'messages', body });
});
