import { expect, it } from 'vitest';
import type { ChatCompletion, Choice, Delta } from '../../../../src/shared/chat/chat.ts';
import { createMessageEvents } from '../../../../src/shared/formats/anthropic-messages/message-events.ts';
import { toAnthropicMessage } from '../../../../src/shared/formats/anthropic-messages/message-object.ts';

const completionOf = (message: Partial<Choice['message']>): ChatCompletion => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'openai/gpt-5-mini',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, ...message },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
});
const call = (id: string) => ({ id, type: 'function' as const, function: { name: 'look', arguments: '{}' } });
const callDelta = (index: number, id: string): Delta => ({
  kind: 'tool_call',
  choice: 0,
  index,
  id,
  name: 'look',
  arguments: '{}',
});
const text = (words: string): Delta => ({ kind: 'text', choice: 0, text: words });

/** The blocks that the events come to, in short. */
function streamed(deltas: Delta[], completion: ChatCompletion): string[] {
  const events = createMessageEvents('m', 'job_1', 1);
  const blocks: string[] = [];
  for (const { data } of [...deltas.flatMap((delta) => events.delta(delta)), ...events.ended(completion)]) {
    const { type, id = '' } = (data['content_block'] ?? {}) as { type?: string; id?: string };
    const { text: words = '' } = (data['delta'] ?? {}) as { text?: string };
    if (type !== undefined) blocks.push(`${type} ${id}`);
    if (words !== '') blocks[blocks.length - 1] += words;
  }
  return blocks;
}

const whole = (completion: ChatCompletion) =>
  (toAnthropicMessage(completion, 'job_1').content as Record<string, string>[]).map(
    ({ type, id, text: words }) => `${type} ${id ?? words}`,
  );

it.each<[string, Delta[], ChatCompletion, string[]]>([
  ['a refusal is its text', [], completionOf({ refusal: 'I will not.' }), ['text I will not.']],
  [
    'a text after calls stands after them',
    [callDelta(0, 'a'), text('and'), callDelta(1, 'b')],
    completionOf({ content: 'and', tool_calls: [call('a'), call('b')], calls_before_text: 1 }),
    ['tool_use a', 'text and', 'tool_use b'],
  ],
])('%s, streamed and whole', (_what, deltas, completion, blocks) => {
  expect(streamed(deltas, completion)).toEqual(blocks);
  expect(whole(completion)).toEqual(blocks);
});
