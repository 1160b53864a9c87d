import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginFile, finishFile } from '../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../src/shared/ids.ts';
import { eraseOldBatchEvents } from '../../../src/shared/jobs/sql/content.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { restartDelivery } from '../../../src/shared/webhooks/sql/deliveries.ts';
import { startRetention } from '../../../src/workers/maintenance/retention.ts';
import { endJob, openWatchedJobs, plantJob, type WatchedJobs } from '../../api/watch/watched-jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

let jobs: WatchedJobs;
beforeAll(async () => {
  jobs = await openWatchedJobs();
});
afterAll(() => jobs.close());

/** A job that ended so many days ago, with its texts and a webhook that was delivered. */
async function endedJob(daysAgo: number): Promise<string> {
  const { owner, accountId } = jobs;
  const id = await plantJob(owner, accountId, false);
  await owner`insert into job_requests (job_id, request, targets) values (${id}, 'a secret', '[]')`;
  await endJob(owner, id);
  await owner`update jobs set finished_at = now() - make_interval(days => ${daysAgo}) where id = ${id}`;
  await deliver({ job_id: id, batch_id: null }, daysAgo);
  return id;
}

async function deliver(about: { job_id: string | null; batch_id: string | null }, daysAgo: number) {
  const name = `${about.job_id ?? about.batch_id}`;
  await jobs.owner`
    insert into deliveries (id, account_id, event_id, event_type, job_id, batch_id, url, body, state,
      next_attempt_at, finished_at)
    values (${`dlv_${name}`}, ${jobs.accountId}, ${`evt_${name}`}, 'any', ${about.job_id}, ${about.batch_id},
      'https://a.example', 'body',
      'delivered', null, now() - make_interval(days => ${daysAgo}))`;
}

const kept = async (id: string) => {
  const [row] = await jobs.owner<Record<string, number>[]>`
    select (select count(*) from job_requests where job_id = ${id})::integer as requests,
      (select count(*) from job_results where job_id = ${id})::integer as results,
      (select count(*) from deliveries where id = ${`dlv_${id}`} and body <> '')::integer as bodies,
      (select count(*) from charges where job_id = ${id})::integer as charges`;
  return row;
};

test('what was asked, answered and sent is erased after its days; that it was, and what it cost, stays', async () => {
  const [old, young] = [await endedJob(31), await endedJob(29)];
  await deliver({ job_id: null, batch_id: 'batch_old' }, 31);
  await deliver({ job_id: null, batch_id: 'batch_young' }, 29);
  const keeper = startRetention(
    { sql: jobs.owner, leadership: { lead: async () => true }, log: createLog('silent', 'test') },
    { contentRetentionDays: 30 },
  );
  await waitFor('the old batch to be erased', async () => (await kept('batch_old'))?.['bodies'] === 0);
  await keeper.stop();
  expect(await kept(old)).toEqual({ requests: 0, results: 0, bodies: 0, charges: 1 });
  expect(await kept(young)).toEqual({ requests: 1, results: 1, bodies: 1, charges: 1 });
  expect(await kept('batch_young')).toMatchObject({ bodies: 1 });
});

test('an old webhook that is replayed at the moment of its erasing keeps its body', async () => {
  const { owner, accountId } = jobs;
  await deliver({ job_id: null, batch_id: 'batch_replayed' }, 31);
  const erasing = await owner.begin(async (tx) => {
    await restartDelivery(tx, accountId, 'dlv_batch_replayed');
    const erased = eraseOldBatchEvents(owner, 30, 1000);
    await waitFor('the erasing to wait for the replay', async () => {
      const waiting = await owner`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
    return { erased };
  });
  expect(await erasing.erased).toBe(0);
  expect(await kept('batch_replayed')).toMatchObject({ bodies: 1 });
});

test('a duty that fails keeps no other from being done', async () => {
  const { owner } = jobs;
  const old = await endedJob(31);
  await owner`insert into idempotency_keys (account_id, key, fingerprint, status, reply, created_at)
    values (${jobs.accountId}, 'old', 'f', 202, '', now() - interval '3 days')`;
  await owner`create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`;
  await owner`create trigger refuse before delete on job_requests for each row execute function refuse()`;
  const keeper = startRetention(
    { sql: owner, leadership: { lead: async () => true }, log: createLog('silent', 'test') },
    { contentRetentionDays: 30 },
  );
  await waitFor('the old key to be deleted', async () => {
    const keys = await owner`select key from idempotency_keys where key = 'old'`;
    return keys.length === 0;
  });
  await keeper.stop();
  expect(await kept(old)).toMatchObject({ requests: 1 });
  await owner`drop trigger refuse on job_requests`;
});

test('a full page is followed by the next without a pause', async () => {
  const { owner, accountId } = jobs;
  const countOld = async () => {
    const [row] = await owner<
      { n: number }[]
    >`select count(*)::integer as n from files where expires_at < now()`;
    return row?.n;
  };
  for (let n = 0; n < 21; n += 1) {
    const id = newId('file');
    await beginFile(owner, { id, accountId, purpose: 'batch', filename: 'old.jsonl' });
    await finishFile(owner, { id, expiresInSeconds: -1 });
  }
  expect(await countOld()).toBe(21);
  const keeper = startRetention(
    { sql: owner, leadership: { lead: async () => true }, log: createLog('silent', 'test') },
    { contentRetentionDays: 30 },
  );
  await waitFor('the second page to be deleted', async () => (await countOld()) === 0);
  await keeper.stop();
});

test('looking for what is to be erased reads what is still kept, and not all that ever ended', async () => {
  const { owner } = jobs;
  const plan = async (text: string) => JSON.stringify(await owner.unsafe(`explain ${text}`));
  await owner.unsafe('set enable_seqscan = off');
  expect(
    await plan(
      `select id from jobs where finished_at < now() - interval '30 days' and content_erased_at is null order by finished_at limit 1000`,
    ),
  ).toMatch(/jobs_with_content/);
  expect(
    await plan(
      `select id from batches where finished_at < now() - interval '30 days' and lines_erased_at is null order by finished_at limit 1000`,
    ),
  ).toMatch(/batches_with_lines/);
  const [{ n = 0 } = {}] = await owner<{ n: number }[]>`
    select count(*)::integer as n from jobs where finished_at is not null and content_erased_at is not null`;
  expect(n).toBeGreaterThan(0);
});
