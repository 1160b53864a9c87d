import { expect, it } from 'vitest';
import { isCommonChat, showsInResults } from '../../../src/shared/chat/common-chat.ts';

const user = { role: 'user', content: 'hi' };
const text = { type: 'text', text: 'x' };
const image = { type: 'image_url', image_url: { url: 'https://img.example/a' } };
const result = (content: unknown) => ({ role: 'tool', tool_call_id: 'a', content });

it.each<[object[], boolean]>([
  [[user, result('x')], false],
  [[user, result([text])], false],
  [[{ ...user, content: [text, image] }], false],
  [[user, result([text, image])], true],
])('%j shows images in results: %s', (messages, shows) => {
  expect(showsInResults({ messages })).toBe(shows);
  expect(isCommonChat({ messages })).toBe(!shows);
});
