import { expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { admit } from '../../../src/workers/completions/admit.ts';
import { createPersist } from '../../../src/workers/completions/persist.ts';
import { waitFor } from '../../support/wait-for.ts';

const unavailable = Object.assign(new Error('unavailable'), { code: 'ECONNREFUSED' });

test('an answer waits for the database, and no new call is made meanwhile', async () => {
  const persist = createPersist(createLog('silent', 'test'));
  let isUnavailable = true;
  const written = persist.write(async () => {
    if (isUnavailable) throw unavailable;
    return 'written';
  });
  await waitFor('the first try to fail', async () => persist.isWaiting());
  const deps = {
    isPaused: () => false,
    answersWait: persist.isWaiting,
    gate: { admit: () => Promise.reject(new Error('asked for admission')) },
  };
  const ticket = { id: 'job_1', generation: 0, model: 'openai/a', tokens: 1, priority: 1 };
  expect(await admit(deps, 'openai', ticket)).toMatchObject({ kind: 'wait' });
  isUnavailable = false;
  expect(await written).toBe('written');
  expect(persist.isWaiting()).toBe(false);
});

test('an answer that waits for a lock stops no new calls', async () => {
  const persist = createPersist(createLog('silent', 'test'));
  const failures = [unavailable, Object.assign(new Error('locked'), { code: '55P03' })];
  const waited: boolean[] = [];
  const written = persist.write(async () => {
    waited.push(persist.isWaiting());
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return 'written';
  });
  expect(await written).toBe('written');
  expect(waited).toEqual([false, true, false]);
  expect(persist.isWaiting()).toBe(false);
});

test('a process that stops gives up its answers: another one will make the call again', async () => {
  const persist = createPersist(createLog('silent', 'test'));
  const written = persist.write(() => Promise.reject(unavailable));
  await waitFor('the first try to fail', async () => persist.isWaiting());
  persist.stop();
  await expect(written).rejects.toThrow('unavailable');
});
