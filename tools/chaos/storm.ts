import { type Cluster, chaosAccount } from './cluster.ts';
import { sleep } from './faults/fault.ts';
import { quiesce } from './quiesce.ts';
import type { Stage } from './scene.ts';

export type StormResult = {
  jobs: number;
  accepted: number;
  succeeded: number;
  chargedOnce: number;
  held: bigint;
  providerCalls: number;
  workersKilled: number;
  flushes: number;
};

const jobs = 600;
const perSecond = 20;
const drainMs = 60_000;
/**
 * Twice what the load needs: a worker that is killed takes every call of its own with it, so more would only
 * be made twice.
 */
const callsOfWorker = 4;

/**
 * 600 jobs at 20 a second, while a worker is killed every second and Redis emptied every five: each is
 * accepted, succeeds and is charged once. Throws nothing; the report has how it went.
 */
export async function runStorm(stage: Stage): Promise<StormResult> {
  const { cluster, client, tally, outages } = stage;
  await cluster.reconfigure({ WORKER_CONCURRENCY: String(callsOfWorker) });
  const random = stage.random.fork('storm');
  const workers = cluster.members.all.filter(({ role }) => role === 'workers');
  const seen = await countCalls(cluster);
  let workersKilled = 0;
  let flushes = 0;
  let isOver = false;
  const killing = (async () => {
    for (let second = 1; !isOver; second += 1) {
      await sleep(1000);
      while (!workers.some((worker) => worker.isUp())) await sleep(20);
      if (random.pick(workers.filter((worker) => worker.isUp())).kill('SIGKILL')) workersKilled += 1;
      outages.note('tickets');
      if (second % 5 === 0) {
        await cluster.redis.control.flushall();
        flushes += 1;
      }
    }
  })();
  const ids: (string | null)[] = await Promise.all(
    Array.from({ length: jobs }, async (_, index) => {
      await sleep((index * 1000) / perSecond);
      const { jobId } = await client.submit({ text: `storm ${index} [[latency:100]]` });
      return jobId;
    }),
  );
  isOver = true;
  await killing;
  await quiesce(cluster.sql, drainMs);
  await cluster.reconfigure({});
  tally.add('storm: kill -9 of a worker', true, workersKilled);
  tally.add('storm: Redis FLUSHALL', true, flushes);
  const accepted = ids.filter((id) => id !== null);
  const [counts] = await cluster.sql<{ succeeded: number; charged: number; held: bigint }[]>`
    select
      (
        select count(*)::integer from jobs where id = any (${accepted}::text[]) and state = 'succeeded'
      ) as succeeded,
      (select count(*)::integer from (
        select job_id from entries where type = 'charge' and job_id = any (${accepted}::text[])
        group by job_id having count(*) = 1
      ) once) as charged,
      (select held_nano from balances where account_id = ${chaosAccount}) as held`;
  await notifyOthers(stage, accepted);
  return {
    jobs,
    accepted: accepted.length,
    succeeded: counts?.succeeded ?? 0,
    chargedOnce: counts?.charged ?? 0,
    held: counts?.held ?? -1n,
    providerCalls: (await countCalls(cluster)) - seen,
    workersKilled,
    flushes,
  };
}

/** Says which did not succeed, and how their calls went. */
async function notifyOthers({ cluster, print }: Stage, ids: string[]): Promise<void> {
  const rows = await cluster.sql<{ id: string; state: string; error: string | null; calls: string | null }[]>`
    select j.id, j.state, j.error ->> 'message' as error, (
        select string_agg(
          a.started_at::time(3) || ' ' || a.outcome || ' ' || coalesce(a.error, ''), '; ' order by a.number
        )
        from attempts a where a.job_id = j.id
      ) as calls
    from jobs j where j.id = any (${ids}::text[]) and j.state <> 'succeeded'`;
  for (const { id, state, error, calls } of rows)
    print(`${id} is ${state}: ${error ?? 'no error'}; calls: ${calls ?? 'none'}`);
}

/** Those of the account that submits; its innocent neighbour's are not the storm's. */
async function countCalls({ sql }: Cluster): Promise<number> {
  const [row] = await sql<{ calls: bigint }[]>`
    select count(*) as calls from attempts a join jobs j on j.id = a.job_id
      where j.account_id = ${chaosAccount}`;
  return Number(row?.calls ?? 0n);
}
