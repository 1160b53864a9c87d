import { openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import type { Cluster } from '../cluster.ts';
import { type Fault, sleep } from './fault.ts';

/** Makes every commit that touches jobs fail with this code, with this probability, for a while. */
async function failCommits(
  { sql }: Cluster,
  code: string,
  probability: number,
  forMs: number,
): Promise<number> {
  const name = `chaos_${code}`;
  await sql.unsafe(`
    create sequence if not exists chaos_failed_commits;
    grant usage on sequence chaos_failed_commits to public;
    create or replace function ${name}() returns trigger language plpgsql as $$
    begin
      if random() < ${probability} then
        perform nextval('chaos_failed_commits');
        raise exception 'a fault at commit' using errcode = '${code}';
      end if;
      return null;
    end $$;
    drop trigger if exists chaos_at_commit on jobs;
    create constraint trigger chaos_at_commit after insert or update on jobs
      deferrable initially deferred for each row execute function ${name}()`);
  const before = await failedCommits(sql);
  await sleep(forMs);
  await sql`drop trigger if exists chaos_at_commit on jobs`;
  return (await failedCommits(sql)) - before;
}

/** A sequence keeps counting when its transaction is undone. */
async function failedCommits(sql: Cluster['sql']): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select case when is_called then last_value else 0 end::integer as n from chaos_failed_commits`;
  return row?.n ?? 0;
}

/** Holds a lock in a session of its own, so that healing can end it. */
async function holdLock({ postgres }: Cluster, statement: string, forMs: number): Promise<number> {
  const session = openDatabase({
    url: postgres.url,
    poolMax: 1,
    prepare: false,
    applicationName: 'chaos-lock',
  });
  await session
    .begin(async (tx) => {
      await tx.unsafe(statement);
      await sleep(forMs);
    })
    .catch(() => undefined);
  await session.end();
  return 1;
}

const cutStatements = ['accept_jobs', 'claim_jobs', 'settle_jobs', 'requeue_jobs'];

function cut(statement: string, when: 'before' | 'after'): Fault {
  const outcome = when === 'before' ? 'before it arrived' : 'after it committed';
  return {
    kind: `connection cut on ${statement}, ${outcome}`,
    disruptive: true,
    inject: async ({ links }) => {
      const link = statement === 'accept_jobs' ? links.apiToPostgres : links.workersToPostgres;
      const rule = link.cutOnQuery({ contains: statement, when, times: 2 });
      await sleep(1500);
      rule.cancel();
      return rule.hits();
    },
  };
}

/** Postgres stops, refuses, collides, or loses the answer to a commit. */
export const postgresFaults: Fault[] = [
  {
    kind: 'Postgres restarted at once',
    disruptive: true,
    outage: 'server',
    inject: async ({ postgres }) => {
      await postgres.restart('SIGQUIT', 0);
      return 1;
    },
  },
  {
    kind: 'Postgres restarted, away for a second and a half',
    disruptive: true,
    outage: 'server',
    inject: async ({ postgres }) => {
      await postgres.restart('SIGINT', 1500);
      return 1;
    },
  },
  {
    kind: 'Postgres kill -9',
    disruptive: true,
    outage: 'server',
    inject: async ({ postgres }) => {
      await postgres.restart('SIGKILL', 200);
      return 1;
    },
  },
  {
    kind: 'Postgres backends terminated',
    disruptive: true,
    inject: async ({ sql }) => {
      const ended = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'gateway-%'`;
      return ended.length > 0 ? 1 : 0;
    },
  },
  {
    kind: 'Postgres serialization failure at commit',
    disruptive: true,
    inject: (cluster) => failCommits(cluster, '40001', 0.1, 2000),
  },
  {
    kind: 'Postgres deadlock reported at commit',
    disruptive: true,
    inject: (cluster) => failCommits(cluster, '40P01', 0.1, 1500),
  },
  {
    kind: 'Postgres disk full',
    disruptive: true,
    outage: 'server',
    inject: (cluster) => failCommits(cluster, '53100', 1, 2000),
  },
  {
    kind: 'Postgres table locked for two seconds',
    disruptive: true,
    outage: 'server',
    inject: (cluster) => holdLock(cluster, 'lock table jobs in exclusive mode', 2000),
  },
  {
    kind: 'Postgres balances locked beyond the lock timeout',
    disruptive: true,
    outage: 'server',
    inject: (cluster) => holdLock(cluster, 'select 1 from balances for update', 5500),
  },
  ...cutStatements.flatMap((statement) => [cut(statement, 'before'), cut(statement, 'after')]),
];
