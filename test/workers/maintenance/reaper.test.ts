import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLedger, type Ledger } from '../../../src/shared/jobs/ledger.ts';
import { defaultLimits } from '../../../src/shared/platform/config/quotas.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { startReaper } from '../../../src/workers/maintenance/reaper.ts';
import { openWatchedJobs, plantJob, type WatchedJobs } from '../../api/watch/watched-jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

let jobs: WatchedJobs;
beforeAll(async () => {
  jobs = await openWatchedJobs();
  await jobs.owner`insert into balances (account_id, held_nano) values (${jobs.accountId}, 1000000)
    on conflict (account_id) do update set held_nano = 1000000`;
});
afterAll(() => jobs.close());

/** A job whose worker is gone. */
async function loseJob(): Promise<string> {
  const { owner, accountId } = jobs;
  const id = await plantJob(owner, accountId, false);
  const targets = JSON.stringify([
    {
      provider: 'openai',
      model: 'openai/gpt-5-mini',
      upstreamModel: 'gpt-5-mini',
      maxOutputTokens: 5,
      prices: {},
    },
  ]);
  await owner`insert into job_requests (job_id, request, targets) values (${id}, '{}', ${targets}::jsonb)`;
  await owner`update jobs set lease_until = now() - interval '1 second' where id = ${id}`;
  return id;
}

/** A job that should not run any more. */
async function lateJob(): Promise<string> {
  const id = await loseJob();
  await jobs.owner`update jobs set state = 'waiting', lease_until = null, deadline_at = now() - interval '1 minute' where id = ${id}`;
  return id;
}

/** No job here streams, so that what was written of it is known without its log. */
const closeLog = () => Promise.reject(new Error('there is no log'));

function start(ledger: Pick<Ledger, 'settleJob' | 'requeueJob'>) {
  return startReaper(
    {
      sql: jobs.owner,
      leadership: { lead: async () => true, freeInMs: () => 0 },
      requeued: () => undefined,
      ledger,
      log: createLog('silent', 'test'),
      events: { announce: () => undefined, closeLog },
      owesDelivery: () => undefined,
      random: () => 0,
      metrics: createMetrics(),
    },
    { leaseSeconds: 30 },
  );
}

test('a job that can never be ended stops no other, and is left alone for a while', async () => {
  const [spoilt, late, lost] = [await lateJob(), await lateJob(), await loseJob()];
  const ledger = createLedger(
    jobs.owner,
    defaultLimits(() => undefined),
  );
  let tries = 0;
  let looks = 0;
  const reaper = start({
    ...ledger,
    settleJob: (ending) => {
      looks += 1;
      if (ending.jobId !== spoilt) return ledger.settleJob(ending);
      tries += 1;
      return Promise.reject(new Error('never'));
    },
  });
  const stateOf = async (id: string) => {
    const [row] = await jobs.owner<{ state: string }[]>`select state from jobs where id = ${id}`;
    return row?.state;
  };
  await waitFor('the other late job to end', async () => (await stateOf(late)) === 'expired');
  await waitFor('the lost job to wait again', async () => (await stateOf(lost)) === 'waiting');
  expect(await stateOf(spoilt)).toBe('waiting');
  const [row] = await jobs.owner<{ seq: number }[]>`select event_seq as seq from jobs where id = ${lost}`;
  expect(row?.seq).toBe(2);
  // The reaper has come round again, and has not asked for what failed.
  const next = await lateJob();
  await waitFor('the next late job to end', async () => (await stateOf(next)) === 'expired');
  expect(looks).toBeGreaterThan(2);
  expect(tries).toBe(1);
  await reaper.stop();
});
