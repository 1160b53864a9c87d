import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import type { ClaimedJob } from '../../../src/workers/completions/claim.ts';
import { startHeartbeat } from '../../../src/workers/completions/heartbeat.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';
import { openWatchedJobs, plantJob, type WatchedJobs } from '../../api/watch/watched-jobs.ts';
import { startRelay } from '../../support/relay.ts';
import { ownerUrl, withDatabase } from '../../support/servers.ts';
import { waitFor } from '../../support/wait-for.ts';

const worker = { id: 'wrk_test', concurrency: 5, leaseSeconds: 1 };
const log = createLog('silent', 'test');
/** What a connection without an answer does. */
const never = () => new Promise<never>(() => undefined);

let jobs: WatchedJobs;
beforeAll(async () => {
  jobs = await openWatchedJobs();
});
afterAll(() => jobs.close());

const claimedJob = (id: string) =>
  ({
    id,
    attempts: 1,
    ticketId: `${id}_1`,
    provider: 'openai',
    deadlineAt: new Date(Date.now() + 60_000),
  }) as ClaimedJob;

/** Runs a planted job, and waits for its lease to be extended so many times. */
async function expectLeaseKept(sql: Database, times: number): Promise<void> {
  const { owner, accountId } = jobs;
  const id = await plantJob(owner, accountId, false);
  await owner`update jobs set lease_until = now() + interval '1 second' where id = ${id}`;
  const runs = createRuns();
  const run = runs.start(claimedJob(id));
  const beat = startHeartbeat({ sql, runs, gate: { keepSlots: never }, log }, worker);
  const seen = new Set<string>();
  await waitFor('the lease to be extended', async () => {
    const [row] = await owner<{ until: string; ended: boolean }[]>`
      select lease_until::text as until, lease_until < now() as ended from jobs where id = ${id}`;
    expect(row?.ended).toBe(false);
    seen.add(row?.until ?? '');
    return seen.size > times;
  });
  expect(run.signal.aborted).toBe(false);
  run.end();
  await beat.stop();
}

test('leases are kept while Redis, which has the slots, does not answer', async () => {
  await expectLeaseKept(jobs.owner, 4);
});

test('leases are kept when the connections that were used so far fall silent, and others are served', async () => {
  const [{ name = '' } = {}] = await jobs.owner<{ name: string }[]>`select current_database() as name`;
  const relay = await startRelay(withDatabase(ownerUrl(), name));
  const sql = openDatabase({ url: relay.url, poolMax: 5, prepare: true, applicationName: 'test' });
  await Promise.all([sql`select pg_sleep(0.05)`, sql`select pg_sleep(0.05)`]);
  expect(relay.silenceOpen()).toBe(2);
  await expectLeaseKept(sql, 3);
  await relay.close();
  await sql.end();
});
