import { expect, test } from 'vitest';
import { toListedItem } from '../../../../src/shared/formats/openai-responses/listed-item.ts';
import type { InputItem } from '../../../../src/shared/formats/openai-responses/response-items.ts';

const made = { id: 'item_1_0', status: 'completed' };

/** `ResponseItem` of the SDK (openai 7.59.0): what each kind has to have. */
test.each([
  [
    { role: 'user', content: 'hi' },
    { ...made, type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
  ],
  [
    { role: 'assistant', content: 'hi' },
    {
      ...made,
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'hi', annotations: [], logprobs: [] }],
    },
  ],
  [
    { role: 'user', content: [{ type: 'input_image', image_url: 'https://a/b.png' }] },
    {
      ...made,
      type: 'message',
      role: 'user',
      content: [{ type: 'input_image', image_url: 'https://a/b.png', detail: 'auto' }],
    },
  ],
  [
    { type: 'message', id: 'msg_1', status: 'incomplete', role: 'user', content: [] },
    { type: 'message', id: 'msg_1', status: 'incomplete', role: 'user', content: [] },
  ],
  [
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    { ...made, type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
  ],
  [
    { type: 'function_call_output', call_id: 'c', output: 'ok', id: null, status: null },
    { ...made, type: 'function_call_output', call_id: 'c', output: 'ok' },
  ],
])('%j is listed with what its kind requires', (item, listed) => {
  expect(toListedItem(item as InputItem, 'resp_1', 0)).toEqual(listed);
});
