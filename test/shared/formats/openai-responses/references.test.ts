import { expect, it } from 'vitest';
import { jobOfItem } from '../../../../src/shared/formats/openai-responses/item-owner.ts';
import {
  createReferences,
  referencedJobs,
} from '../../../../src/shared/formats/openai-responses/references.ts';
import { requestLimits } from '../../../../src/shared/platform/json/measure-json.ts';

const suffix = '0198c5e27b1c7d3e9a4f5b6c7d8e9f00';
const turn = {
  jobId: `job_${suffix}`,
  original: JSON.stringify({ input: [{ type: 'message', id: 'msg_own', role: 'user', content: 'hi' }] }),
  result: JSON.stringify({
    choices: [
      { index: 0, message: { role: 'assistant', content: 'yes', refusal: null }, finish_reason: 'stop' },
    ],
  }),
};
const reference = (id: string) => ({ type: 'item_reference' as const, id });

it.each<[unknown, string | null]>([
  [`msg_${suffix}`, `job_${suffix}`],
  [`fc_${suffix}_0`, `job_${suffix}`],
  [`rs_${suffix}_1_2`, `job_${suffix}`],
  ['msg_67ccf18f64008190a39b619f4c8455ef087bb177ab789d5c', null],
  [`msg_${suffix}_x`, null],
  [7, null],
])('the item %j is of %s', (id, job) => {
  expect(jobOfItem(id)).toBe(job);
});

it('the jobs that a request refers to are each named once', () => {
  const input = [reference(`msg_${suffix}`), reference(`fc_${suffix}_0`), reference('msg_own')];
  expect(referencedJobs({ input })).toEqual([`job_${suffix}`]);
});

it.each(['msg_own', `msg_${suffix}`])('%s stands where it was referred to', (id) => {
  const resolve = createReferences([turn]);
  expect(resolve(['before', reference(id)])).toMatchObject(['before', { id, type: 'message' }]);
});

it('an item that is in none of the turns is refused by its id', () => {
  const resolve = createReferences([turn]);
  expect(() => resolve([reference('msg_2')])).toThrow('input.0.id: Item with id "msg_2" not found');
});

it('turns that hold more values together than one request may are refused', () => {
  const many = JSON.stringify({ input: [], extra: Array(requestLimits.valuesMax / 2).fill(0) });
  const turns = [turn, { ...turn, original: many }, { ...turn, original: many }];
  expect(() => createReferences(turns)).toThrow('input: refers to items of more than');
});
