import { expect, it } from 'vitest';
import { findItem } from '../../../../src/shared/formats/openai-responses/earlier-items.ts';

const turn = {
  jobId: 'job_1',
  original: JSON.stringify({ input: [{ type: 'message', id: 'msg_own', role: 'user', content: 'hi' }] }),
  result: JSON.stringify({
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'yes',
          refusal: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
  }),
};

it.each([
  ['msg_own', { type: 'message', role: 'user', content: 'hi' }],
  ['msg_1', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] }],
  ['fc_1_0', { type: 'function_call', call_id: 'call_1', name: 'look' }],
])('finds %s in its turn, sent or answered', (id, item) => {
  expect(findItem(turn, id)).toMatchObject(item);
});

it('finds no other', () => {
  expect(findItem(turn, 'msg_2')).toBeNull();
});
