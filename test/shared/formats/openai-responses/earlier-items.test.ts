import { expect, it } from 'vitest';
import { itemsOf } from '../../../../src/shared/formats/openai-responses/earlier-items.ts';

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

it('the items of a turn are what was sent and what was answered, in order', () => {
  expect(itemsOf(turn)).toMatchObject([
    { id: 'msg_own', type: 'message', role: 'user', content: 'hi' },
    { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] },
    { id: 'fc_1_0', type: 'function_call', call_id: 'call_1', name: 'look' },
  ]);
});
