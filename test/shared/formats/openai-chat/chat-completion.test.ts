import { expect, it } from 'vitest';
import type { ChatCompletion, Choice, Delta } from '../../../../src/shared/chat/chat.ts';
import {
  createChunks,
  toChatCompletion,
} from '../../../../src/shared/formats/openai-chat/chat-completion.ts';

type Fields = Record<string, unknown>;

const completionOf = (message: Partial<Choice['message']>): ChatCompletion => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'google/gemini-2.5-flash',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, ...message },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
});

const whole = (message: Partial<Choice['message']>) =>
  (toChatCompletion(completionOf(message), 'job_1')['choices'] as Fields[])[0]?.['message'];

function streamed(deltas: Delta[], message: Partial<Choice['message']>): object[] {
  const chunks = createChunks({ jobId: 'job_1', model: 'm', createdAt: new Date(0), includeUsage: false });
  const sent = [...deltas.flatMap((delta) => chunks.delta(delta)), ...chunks.ended(completionOf(message))];
  return sent.map((chunk) => ((chunk as Fields)['choices'] as Fields[])[0]?.['delta'] as object);
}

const custom = {
  id: 'call_1',
  type: 'function' as const,
  custom: true as const,
  function: { name: 'patch', arguments: '{"input":"free text"}' },
};

it('a call of a custom tool is one of its own kind', () => {
  expect(whole({ tool_calls: [custom] })).toMatchObject({
    tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'patch', input: 'free text' } }],
  });
});

it('its text is sent once it can be read', () => {
  const begun: Delta = {
    kind: 'tool_call',
    choice: 0,
    index: 0,
    id: 'call_1',
    name: 'patch',
    custom: true,
    arguments: '',
  };
  const more: Delta = { kind: 'tool_call', choice: 0, index: 0, arguments: '{"input":"free text"}' };
  expect(streamed([begun, more], { tool_calls: [custom] })).toEqual([
    {
      role: 'assistant',
      tool_calls: [{ index: 0, id: 'call_1', type: 'custom', custom: { name: 'patch', input: '' } }],
    },
    { tool_calls: [{ index: 0, custom: { input: 'free text' } }] },
    {},
  ]);
});

it('where the text stood among the calls is no field of the message', () => {
  const call = { id: 'call_1', type: 'function' as const, function: { name: 'look', arguments: '{}' } };
  expect(whole({ content: 'a', tool_calls: [call], calls_before_text: 1 })).toEqual({
    role: 'assistant',
    content: 'a',
    refusal: null,
    annotations: [],
    tool_calls: [call],
  });
});

it('an answer without a word has an empty text, which can be given back', () => {
  const thought: Delta = { kind: 'reasoning', choice: 0, text: 'hm' };
  expect(streamed([thought], { content: '', reasoning_content: 'hm' })).toEqual([
    { role: 'assistant', reasoning_content: 'hm' },
    { content: '' },
    {},
  ]);
});
