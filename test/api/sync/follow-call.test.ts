import { expect, it } from 'vitest';
import { followCall, toDelta } from '../../../src/api/sync/follow-call.ts';
import type { JobWatcher } from '../../../src/api/watch/job-watcher.ts';

const event = (type: string, data: object) => ({ id: 1, type, data: JSON.stringify(data) });

it.each<[type: string, data: object, delta: unknown]>([
  ['output.delta', { choice: 1, text: 'a' }, { kind: 'text', choice: 1, text: 'a' }],
  ['output.delta', { text: 'a', thinking: [1] }, { kind: 'text', choice: 0, text: 'a', thinking: [1] }],
  ['output.reasoning', { choice: 0, text: 'x' }, { kind: 'reasoning', choice: 0, text: 'x' }],
  [
    'output.tool_call',
    { index: 1, id: 'a', name: 'patch', custom: true, arguments: '{' },
    { kind: 'tool_call', choice: 0, index: 1, id: 'a', name: 'patch', custom: true, arguments: '{' },
  ],
  ['output.tool_call', { arguments: '}' }, { kind: 'tool_call', choice: 0, index: 0, arguments: '}' }],
  ['output.reset', {}, null],
  ['job.started', {}, null],
])('reads %s %j', (type, data, delta) => {
  expect(toDelta(event(type, data))).toEqual(delta);
});

async function follow(events: ReturnType<typeof event>[]): Promise<unknown[]> {
  const shown: unknown[] = [];
  const watch: JobWatcher['watch'] = async (_job, { take }) => {
    await take(events);
  };
  const watcher = { watch } as JobWatcher;
  const call = { jobId: 'job_1', signal: new AbortController().signal, passes: false };
  await followCall(watcher, call, async (pieces) => {
    for (const piece of pieces) shown.push('text' in piece ? piece.text : piece);
  });
  return shown;
}

const reset = event('output.reset', {});
const thought = event('output.reasoning', { text: 'hm' });
const text = event('output.delta', { text: 'a' });

it('goes on after an attempt that was lost while it thought', async () => {
  expect(await follow([thought, reset, thought, text])).toEqual(['hm', 'hm', 'a']);
});

const called = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"b":1}' } };
const snapshot = (texts: string, calls = [called]) =>
  event('output.snapshot', { choices: [{ choice: 0, text: texts, tool_calls: calls }] });

it('shows the rest of an answer whose events are lost, its calls whole', async () => {
  const second = { ...called, id: 'b', custom: true };
  const whole = { kind: 'tool_call', choice: 0, name: 'f', arguments: '{"b":1}' };
  expect(await follow([text, snapshot('abc', [called, second])])).toEqual([
    'a',
    'bc',
    { ...whole, index: 0, id: 'a' },
    { ...whole, index: 1, id: 'b', custom: true },
  ]);
});

it('shows the calls of each choice', async () => {
  const choices = [0, 1].map((choice) => ({ choice, text: '', tool_calls: [called] }));
  expect(await follow([event('output.snapshot', { choices })])).toMatchObject([
    { kind: 'tool_call', choice: 0, index: 0, id: 'a' },
    { kind: 'tool_call', choice: 1, index: 0, id: 'a' },
  ]);
});

it('ends with an error when the rest of a call that was begun is lost', async () => {
  const begun = event('output.tool_call', { id: 'a', name: 'f', arguments: '{' });
  await expect(follow([begun, snapshot('')])).rejects.toThrow('the rest of its calls is lost');
});

it.each([
  ['text', text],
  ['a call', event('output.tool_call', { id: 'a', name: 'f', arguments: '' })],
])('ends with an error when an attempt is lost after %s', async (_what, shown) => {
  await expect(follow([thought, shown, reset])).rejects.toThrow('the answer began anew');
});
