import type { Gateway } from './gateway.ts';

/**
 * Ends the waiting jobs of a batch as if each had run like `templateId`, a succeeded job of the same request:
 * the rows that ticket_jobs, claim_jobs and settle_jobs (see the migrations) would have left for as many, in
 * bulk. The batch counts them when all else is there and tidy, and its worker goes on. Nobody else may move
 * these jobs meanwhile.
 */
export async function finishLines({ sql }: Gateway, batchId: string, templateId: string): Promise<void> {
  await sql.query('begin');
  try {
    for (const { text, values } of statements) await sql.query(text, values(batchId, templateId));
    await sql.query('commit');
  } catch (error) {
    await sql.query('rollback');
    throw error;
  }
  await sql.query(
    'vacuum (analyze) jobs, batch_lines, job_requests, job_results, attempts, charges, entries',
  );
  await sql.query(count, [batchId, templateId]);
}

type Step = { text: string; values(batchId: string, templateId: string): string[] };

const plain = (text: string): Step => ({ text, values: () => [] });
const withBatch = (text: string): Step => ({ text, values: (batchId) => [batchId] });
const withTemplate = (text: string): Step => ({ text, values: (_, templateId) => [templateId] });

const statements: Step[] = [
  plain(`
    create temporary table if not exists ended (
      n integer, job_id text, account_id text, batch_id text, hold_id text, hold_nano bigint,
      through_nano bigint
    )`),
  plain('truncate ended'),
  withBatch(`
    select 1 from balances b
    where b.account_id = (select account_id from batches where id = $1) for no key update`),
  withBatch(`
    insert into ended
    select row_number() over (order by id), id, account_id, batch_id, hold_id, hold_nano,
      sum(hold_nano) over (order by id)
    from jobs where batch_id = $1 and state = 'waiting'`),
  plain(`update jobs j set state = 'ticketed', ticketed_at = now() from ended e where j.id = e.job_id`),
  withTemplate(`
    update jobs j
    set state = 'running', attempts = t.attempts, tries = t.tries, worker_id = t.worker_id,
      lease_until = now(),
      started_at = now()
    from ended e, jobs t where j.id = e.job_id and t.id = $1`),
  withTemplate(`
    update jobs j
    set state = t.state, finished_at = now(), lease_until = null, event_seq = t.event_seq
    from ended e, jobs t where j.id = e.job_id and t.id = $1`),
  withTemplate(`
    insert into attempts (job_id, number, provider, model, worker_id, ended_at, outcome, status, usage,
      cost_nano)
    select e.job_id, t.number, t.provider, t.model, t.worker_id, now(), t.outcome, t.status, t.usage,
      t.cost_nano
    from ended e, attempts t where t.job_id = $1`),
  withTemplate(`
    insert into charges (
      job_id, account_id, hold_nano, amount_nano, estimated, provider, model, price_version, prompt_tokens,
      completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens
    )
    select e.job_id, e.account_id, e.hold_nano, t.amount_nano, t.estimated, t.provider, t.model,
      t.price_version,
      t.prompt_tokens, t.completion_tokens, t.cached_tokens, t.cache_write_tokens, t.reasoning_tokens
    from ended e, charges t where t.job_id = $1`),
  withTemplate(`
    insert into job_results (job_id, result)
    select e.job_id, t.result from ended e, job_results t where t.job_id = $1`),
  withTemplate(`
    insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, batch_id,
      description)
    select e.account_id, s.type, s.amount, b.available_nano + e.through_nano - s.charged,
      b.held_nano - e.through_nano,
      e.job_id, e.batch_id, s.description
    from ended e
    join balances b on b.account_id = e.account_id
    join charges c on c.job_id = $1
    cross join lateral (
      values
        ('release', e.hold_nano, (e.n - 1) * c.amount_nano, 'hold released'),
        ('charge', -c.amount_nano, e.n * c.amount_nano, 'charge for a job')
    ) s (type, amount, charged, description)
    order by e.n, s.type desc`),
  plain(`
    update holds h set remaining_nano = remaining_nano - s.share
    from (select hold_id, sum(hold_nano)::bigint as share from ended group by hold_id) s
    where h.id = s.hold_id`),
  withTemplate(`
    update balances b
    set available_nano = available_nano + s.share - s.n * c.amount_nano, held_nano = held_nano - s.share
    from (
      select account_id, count(*) as n, sum(hold_nano)::bigint as share from ended group by account_id
    ) s, charges c
    where b.account_id = s.account_id and c.job_id = $1`),
];

const count = `
  update batches b
  set completed = b.completed + s.n, charge_nano = b.charge_nano + s.n * c.amount_nano,
    prompt_tokens = b.prompt_tokens + s.n * c.prompt_tokens,
      cached_tokens = b.cached_tokens + s.n * c.cached_tokens,
    completion_tokens = b.completion_tokens + s.n * c.completion_tokens,
    reasoning_tokens = b.reasoning_tokens + s.n * c.reasoning_tokens
  from (select count(*) as n from ended) s, charges c
  where b.id = $1 and c.job_id = $2`;
