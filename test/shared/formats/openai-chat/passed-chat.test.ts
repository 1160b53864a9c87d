import { expect, it } from 'vitest';
import { passedChat } from '../../../../src/shared/formats/openai-chat/passed-chat.ts';
import { passedResponse } from '../../../../src/shared/formats/openai-responses/passed-response.ts';

const plain = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi', colour: 'red' }], seed: 7 };

it.each<[string, object]>([
  ['how the answer is sent', { stream: true, stream_options: { include_usage: true } }],
  ['which way it goes', { provider: { sort: 'price' }, models: ['b'], custom_llm_provider: 'openai' }],
])('a body of OpenAI’s goes on as it is, but for %s', (_what, more) => {
  expect(passedChat({ ...plain, ...more })).toEqual({ dialect: 'chat', body: plain });
});

it.each([{ reasoning: { effort: 'low' } }, { top_k: 5 }])(
  'one with %j is not OpenAI’s, and is translated',
  (more) => {
    expect(passedChat({ ...plain, ...more })).toBeUndefined();
  },
);

it('a body of the Responses API goes on without what Codex reports of itself', () => {
  const body = { model: 'gpt-5-mini', input: 'hi', prompt_cache_key: 'k' };
  expect(passedResponse({ ...body, client_metadata: { a: 1 } }, [])).toEqual({ dialect: 'responses', body });
});
