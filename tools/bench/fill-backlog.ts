import type { Gateway } from './gateway.ts';

/** Rows per transaction, so that a million do not become one. */
const chunk = 50_000;

/**
 * Gives an account `count` waiting jobs, each a copy of `templateId` with its own hold, request and ledger
 * entry: the rows that accept_jobs (see the migrations) would have written for as many submissions, in bulk.
 */
export async function fillBacklog(
  { sql }: Gateway,
  account: string,
  count: number,
  templateId: string,
): Promise<void> {
  for (let left = count; left > 0; left -= chunk) {
    await sql.query('begin');
    try {
      await sql.query('select 1 from balances where account_id = $1 for no key update', [account]);
      for (const statement of statements) {
        await sql.query(statement.text, statement.values(account, Math.min(chunk, left), templateId));
      }
      await sql.query('commit');
    } catch (error) {
      await sql.query('rollback');
      throw error;
    }
  }
}

/** Vacuums what was filled, so that Postgres does not catch up on it while something is measured. */
export async function tidy({ sql }: Gateway): Promise<void> {
  await sql.query('vacuum (analyze) jobs, holds, job_requests, entries, balances');
}

type Step = { text: string; values(account: string, count: number, templateId: string): unknown[] };

const statements: Step[] = [
  {
    text: `create temporary table if not exists fill (n integer, job_id text, hold_id text)`,
    values: () => [],
  },
  { text: 'truncate fill', values: () => [] },
  {
    text: `
      insert into fill
      select n, 'job_' || replace(uuidv7()::text, '-', ''), 'hold_' || replace(uuidv7()::text, '-', '')
      from generate_series(1, $1::integer) n`,
    values: (_, count) => [count],
  },
  {
    text: `
      insert into holds (id, account_id, amount_nano, remaining_nano)
      select f.hold_id, $1, t.hold_nano, t.hold_nano from fill f, jobs t where t.id = $2`,
    values: (account, _, templateId) => [account, templateId],
  },
  {
    text: `
      insert into jobs (
        id, account_id, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
        input_tokens_bound,
        tokens_bound, stream, webhook_url, webhook_payload, metadata, run_at, created_at, deadline_at
      )
      select f.job_id, $1, t.lane, t.model, t.provider, t.target_model, t.max_attempts, f.hold_id,
        t.hold_nano, t.input_tokens_bound, t.tokens_bound, t.stream, t.webhook_url, t.webhook_payload,
        t.metadata, now(), now(),
        now() + interval '1 day'
      from fill f, jobs t where t.id = $2 order by f.n`,
    values: (account, _, templateId) => [account, templateId],
  },
  {
    text: `
      insert into job_requests (job_id, request, targets)
      select f.job_id, t.request, t.targets from fill f, job_requests t where t.job_id = $1 order by f.n`,
    values: (_, __, templateId) => [templateId],
  },
  {
    text: `
      insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, description)
      select $1, 'hold', -t.hold_nano, b.available_nano - f.n * t.hold_nano, b.held_nano + f.n * t.hold_nano,
        f.job_id,
        'hold for a job'
      from fill f, jobs t, balances b where t.id = $2 and b.account_id = $1 order by f.n`,
    values: (account, _, templateId) => [account, templateId],
  },
  {
    text: `
      update balances b
      set available_nano = available_nano - s.amount, held_nano = held_nano + s.amount,
        unfinished_jobs = unfinished_jobs + s.jobs
      from (
        select sum(t.hold_nano)::bigint as amount, count(*)::integer as jobs from fill f, jobs t
        where t.id = $2
      ) s
      where b.account_id = $1`,
    values: (account, _, templateId) => [account, templateId],
  },
];
