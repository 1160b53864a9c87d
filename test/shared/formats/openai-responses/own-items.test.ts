import { expect, it } from 'vitest';
import { toOwnItems } from '../../../../src/shared/formats/openai-responses/own-items.ts';

const suffix = '0123456789abcdef0123456789abcdef';
const user = { role: 'user', content: 'hi' };
const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] };
const sealed = { type: 'reasoning', id: 'rs_openai', summary: [], encrypted_content: 'c2Vj' };
const shown = { type: 'reasoning', id: `rs_${suffix}`, summary: [{ type: 'summary_text', text: 'hm' }] };
const call = (call_id: string) => ({ type: 'function_call', call_id, name: 'look', arguments: '{}' });
const output = (call_id: string) => ({ type: 'function_call_output', call_id, output: 'x' });
const state = { extra_content: { google: { thought_signature: 's' } } };

it.each<[string, object[], object[]]>([
  [
    'as they are',
    [user, sealed, message, call('a'), output('a')],
    [user, sealed, message, call('a'), output('a')],
  ],
  ['without ids that are ours', [{ ...message, id: `msg_${suffix}` }], [message]],
  ['without the state of others', [{ ...call('a'), ...state }, output('a')], [call('a'), output('a')]],
  [
    'without what an SDK has parsed',
    [
      { ...message, content: [{ type: 'output_text', text: 'yes', parsed: {} }] },
      { ...call('a'), parsed_arguments: {} },
      output('a'),
    ],
    [message, call('a'), output('a')],
  ],
  ['without what others thought', [shown, message], [message]],
  ['without what others thought that has lost its id', [{ ...shown, id: undefined }, message], [message]],
  [
    'with what OpenAI thought, under our id too',
    [{ ...sealed, id: `rs_${suffix}_0` }, call('a'), output('a')],
    [{ type: 'reasoning', summary: [], encrypted_content: 'c2Vj' }, call('a'), output('a')],
  ],
  ['without a thought that nothing came of', [sealed, user, message, sealed], [user, message]],
  [
    'with one id for each call',
    [call('f:0'), call('f:1'), output('f:1'), output('f:0'), call('f:0'), output('f:0')],
    [call('f:0'), call('f:1'), output('f:1'), output('f:0'), call('f:0_2'), output('f:0_2')],
  ],
])('items go on %s', (_what, given, expected) => {
  expect(toOwnItems(given as Record<string, unknown>[])).toEqual(expected);
});

it('an id that is too long is one that fits, for the call and its output', () => {
  const long = 'x'.repeat(65);
  const [one, other] = toOwnItems([call(long), output(long)]);
  expect(one?.['call_id']).toMatch(/^call_[0-9a-f]{40}$/);
  expect(other?.['call_id']).toBe(one?.['call_id']);
});
