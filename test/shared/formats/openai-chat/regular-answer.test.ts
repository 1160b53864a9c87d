import { expect, it } from 'vitest';
import type { ChatCompletion } from '../../../../src/shared/chat/chat.ts';
import { toChatCompletion } from '../../../../src/shared/formats/openai-chat/chat-completion.ts';
import { createPassedChunks } from '../../../../src/shared/formats/openai-chat/passed-chat.ts';

const call = { id: 'call_1', type: 'function' as const, function: { name: 'look', arguments: '{}' } };
const completion: ChatCompletion = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'openai/gpt-4.1',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, tool_calls: [call] },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ],
};

const bodyOf = (finish: string, calls: object[]) => ({
  id: 'chatcmpl-upstream',
  object: 'chat.completion',
  created: 7,
  model: 'gpt-4.1',
  choices: [
    { index: 0, message: { role: 'assistant', content: null, tool_calls: calls }, finish_reason: finish },
  ],
});
const answer = (body: Record<string, unknown>) =>
  toChatCompletion({ ...completion, pass_through: { dialect: 'chat', body } }, 'job_1');

it('an answer that says what ours says goes through, and has every field that its API never leaves out', () => {
  const given = bodyOf('tool_calls', [{ ...call, of_its_own: 1 }]);
  const [choice] = given.choices;
  const message = { ...choice?.message, refusal: null };
  expect(answer(given)).toEqual({
    ...given,
    id: 'chatcmpl-1',
    model: 'openai/gpt-4.1',
    choices: [{ ...choice, message, logprobs: null }],
  });
});

it.each<[string, Record<string, unknown>]>([
  ['a reason that disagrees with its calls', bodyOf('stop', [call])],
  ['arguments as an object', bodyOf('tool_calls', [{ ...call, function: { name: 'look', arguments: {} } }])],
  ['a call without an id', bodyOf('tool_calls', [{ ...call, id: undefined }])],
  ['another number of calls', bodyOf('tool_calls', [call, call])],
])('one with %s is answered as ours', (_what, body) => {
  expect(answer(body)).toMatchObject({ id: 'chatcmpl-1', choices: completion.choices, created: 1 });
});

it('the last chunk says why it ended as the content has it; a choice that goes on is not kept waiting', () => {
  const options = { jobId: 'job_1', model: 'openai/gpt-4.1', createdAt: new Date(0), includeUsage: false };
  const chunks = createPassedChunks(options);
  const chunk = (index: number, delta: object, finish: string | null) => ({
    id: 'u',
    choices: [{ index, delta, finish_reason: finish }],
  });
  expect(chunks.passed(chunk(0, { tool_calls: [{ index: 0, ...call }] }, null))).toHaveLength(1);
  expect(chunks.passed(chunk(0, {}, 'stop'))).toEqual([]);
  expect(chunks.passed(chunk(1, { content: 'more' }, null))).toHaveLength(1);
  expect(chunks.ended(completion)).toMatchObject([
    { id: 'chatcmpl-1', choices: [{ finish_reason: 'tool_calls' }] },
  ]);
});
