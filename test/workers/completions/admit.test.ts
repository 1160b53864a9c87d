import { expect, test } from 'vitest';
import { shortWaitMs } from '../../../src/shared/jobs/rules/outcome.ts';
import type { Gate } from '../../../src/shared/queue/gate.ts';
import { type Admission, admit } from '../../../src/workers/completions/admit.ts';

const ticket = { id: 'job_1', generation: 2, model: 'openai/a', tokens: 30, priority: 4 };
type GateReply = Awaited<ReturnType<Gate['admit']>>;

const ask = (reply: GateReply, state: { isPaused?: boolean; answersWait?: boolean } = {}) =>
  admit(
    {
      gate: { admit: async () => reply },
      isPaused: () => state.isPaused ?? false,
      answersWait: () => state.answersWait ?? false,
    },
    'openai',
    ticket,
  );
const no = (reason: 'breaker' | 'throttled', waitMs: number) =>
  ({ admitted: false, reason, waitMs }) as GateReply;

test('a ticket that the gate admits has its slot by the name of its job and generation', async () => {
  expect(await ask({ admitted: true } as GateReply)).toEqual({
    kind: 'pass',
    pass: { provider: 'openai', model: 'openai/a', tokens: 30, slot: 'job_1_2', rank: 4 },
  });
});

test.each<[string, GateReply, object, Admission]>([
  ['a paused provider', no('throttled', 10), { isPaused: true }, { kind: 'withdraw' }],
  [
    'answers that wait for the database',
    no('throttled', 10),
    { answersWait: true },
    { kind: 'wait', waitMs: 1000 },
  ],
  ['a limit that is over soon', no('throttled', 10), {}, { kind: 'wait', waitMs: 10 }],
  [
    'a limit that is not over soon',
    no('throttled', shortWaitMs),
    {},
    { kind: 'release', waitMs: shortWaitMs, onlyElsewhere: false },
  ],
  ['an open breaker', no('breaker', 10), {}, { kind: 'release', waitMs: 10, onlyElsewhere: true }],
])('%s', async (_what, reply, state, expected) => {
  expect(await ask(reply, state)).toEqual(expected);
});

test('the gate is not asked for a provider that is paused', async () => {
  const gate = { admit: () => Promise.reject(new Error('asked')) };
  const deps = { gate, isPaused: () => true, answersWait: () => false };
  expect(await admit(deps, 'openai', ticket)).toEqual({ kind: 'withdraw' });
});
