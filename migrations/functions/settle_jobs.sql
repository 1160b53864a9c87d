-- Ends jobs. Everything that an end means commits together or not at all: the attempt, the charge, the
-- release of the hold, the result, the final state and the webhooks owed. An ending counts only when it is
-- the job's newest attempt that brings it (or, with no fence, when the job is not running). A late one
-- changes nothing, and does not keep another ending of the same job in the same call from counting: of those
-- that may count, the first one does. Returns the `ord` of the endings that counted, now or when the same
-- ending was brought before: a caller who lost the answer to its commit repeats the call and learns that it
-- went through.
create or replace function settle_jobs(p_endings json, p_results text[])
returns table (ord integer)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  endings job_ending[];
  ending record;
  current_account text;
  free bigint;
  held bigint;
  settled integer[] := '{}';
  e_account text[] := '{}';
  e_type text[] := '{}';
  e_amount bigint[] := '{}';
  e_free bigint[] := '{}';
  e_held bigint[] := '{}';
  e_job text[] := '{}';
  e_batch text[] := '{}';
begin
  endings := array(select e from json_populate_recordset(null::job_ending, p_endings) e);

  perform 1 from balances b
  where b.account_id in (select e.account_id from unnest(endings) e)
  order by b.account_id
  for no key update;

  perform 1 from jobs j
  where j.id in (select e.job_id from unnest(endings) e)
  order by j.id
  for no key update;

  for ending in
    select q.ord, q.job_id, j.account_id, j.batch_id, j.hold_nano, coalesce(q.charge_nano, 0) as charge_nano,
      b.available_nano, b.held_nano
    from (
      select e.*, row_number() over (partition by e.job_id order by e.ord) as mention
      from unnest(endings) e
      -- Behind the fence of an offset the index on the id is the only way; else that of a whole account may
      -- look as good.
      join lateral (select * from jobs where id = e.job_id offset 0) f on f.account_id = e.account_id
      where (e.fence is null and f.state in ('waiting', 'ticketed')) or (f.state = 'running'
        and f.attempts = e.fence)
    ) q
    join lateral (select * from jobs where id = q.job_id offset 0) j on true
    join balances b on b.account_id = j.account_id
    where q.mention = 1
    order by j.account_id, q.ord
  loop
    if current_account is distinct from ending.account_id then
      current_account := ending.account_id;
      free := ending.available_nano;
      held := ending.held_nano;
    end if;
    settled := settled || ending.ord;
    free := free + ending.hold_nano;
    held := held - ending.hold_nano;
    e_account := e_account || ending.account_id;
    e_type := e_type || 'release'::text;
    e_amount := e_amount || ending.hold_nano;
    e_free := e_free || free;
    e_held := e_held || held;
    e_job := e_job || ending.job_id;
    e_batch := e_batch || ending.batch_id;
    if ending.charge_nano > 0 then
      free := free - ending.charge_nano;
      e_account := e_account || ending.account_id;
      e_type := e_type || 'charge'::text;
      e_amount := e_amount || -ending.charge_nano;
      e_free := e_free || free;
      e_held := e_held || held;
      e_job := e_job || ending.job_id;
      e_batch := e_batch || ending.batch_id;
    end if;
  end loop;

  return query
    select e.ord
    from unnest(endings) e join jobs j on j.id = e.job_id
    where not e.ord = any (settled) and j.state = e.state and j.finished_at = e.finished_at
      and (e.fence is null or j.attempts = e.fence);

  if cardinality(settled) = 0 then
    return;
  end if;

  insert into charges (
    job_id, account_id, hold_nano, amount_nano, estimated, provider, model, price_version, prompt_tokens,
    completion_tokens, cached_tokens, cache_write_tokens, cache_write_hour_tokens, reasoning_tokens
  )
  select e.job_id, e.account_id, j.hold_nano, coalesce(e.charge_nano, 0), coalesce(e.estimated, false),
    e.provider,
    e.model, e.price_version, e.prompt_tokens, e.completion_tokens, e.cached_tokens, e.cache_write_tokens,
    e.cache_write_hour_tokens, e.reasoning_tokens
  from unnest(endings) e join jobs j on j.id = e.job_id
  where e.ord = any (settled);

  insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, batch_id,
    description)
  select t.account_id, t.type, t.amount, t.free, t.held, t.job, t.batch,
    case t.type when 'charge' then 'charge for a job' else 'hold released' end
  from unnest(e_account, e_type, e_amount, e_free, e_held, e_job, e_batch) with ordinality
    as t (account_id, type, amount, free, held, job, batch, n)
  order by t.n;

  update holds h
  set remaining_nano = h.remaining_nano - s.share,
    closed_at = case when h.remaining_nano = s.share and h.batch_id is null then now() else h.closed_at end
  from (
    select j.hold_id, sum(j.hold_nano)::bigint as share
    from unnest(endings) e join jobs j on j.id = e.job_id
    where e.ord = any (settled) group by j.hold_id
  ) s
  where h.id = s.hold_id;

  update balances b
  set available_nano = b.available_nano + s.share - s.charge, held_nano = b.held_nano - s.share,
    unfinished_jobs = b.unfinished_jobs - s.jobs
  from (
    select e.account_id, sum(j.hold_nano)::bigint as share, sum(coalesce(e.charge_nano, 0))::bigint as charge,
      (count(*) filter (where j.batch_id is null))::integer as jobs
    from unnest(endings) e join jobs j on j.id = e.job_id
    where e.ord = any (settled) group by e.account_id
  ) s
  where b.account_id = s.account_id;

  insert into overruns (job_id, attempt, amount_nano)
  select e.job_id, e.fence, e.overrun_nano
  from unnest(endings) e where e.ord = any (settled) and e.overrun_nano > 0;

  insert into job_results (job_id, result)
  select e.job_id, p_results[e.ord]
  from unnest(endings) e where e.ord = any (settled) and p_results[e.ord] is not null;

  update attempts a
  set ended_at = now(), outcome = e.attempt_outcome, status = e.attempt_status, error = e.attempt_error,
    usage = e.attempt_usage, cost_nano = e.attempt_cost_nano, service_tier = e.attempt_service_tier
  from unnest(endings) e
  where e.ord = any (settled) and a.job_id = e.job_id and a.number = e.fence and a.outcome = 'started';

  perform owe_deliveries(array(
    select row(e.account_id, e.event_id, e.event_type, e.job_id, e.event_body, e.webhook_url)::owed_event
    from unnest(endings) e where e.ord = any (settled) and e.event_id is not null
  ));

  update jobs j
  set state = e.state, finished_at = coalesce(e.finished_at, now()), error = e.error, lease_until = null,
    event_seq = greatest(j.event_seq + 1, e.event_seq)
  from unnest(endings) e
  where e.ord = any (settled) and j.id = e.job_id;

  -- After the balances in the order of locks: two calls that touch the same batch touch the same balance, and
  -- wait there.
  update batches b
  set completed = b.completed + s.completed, failed = b.failed + s.failed,
    cancelled = b.cancelled + s.cancelled,
    expired = b.expired + s.expired, charge_nano = b.charge_nano + s.charge,
    prompt_tokens = b.prompt_tokens + s.prompt,
    cached_tokens = b.cached_tokens + s.cached, completion_tokens = b.completion_tokens + s.completion,
    reasoning_tokens = b.reasoning_tokens + s.reasoning
  from (
    select j.batch_id,
      (count(*) filter (where e.state = 'succeeded'))::integer as completed,
      (count(*) filter (where e.state = 'failed'))::integer as failed,
      (count(*) filter (where e.state = 'cancelled'))::integer as cancelled,
      (count(*) filter (where e.state = 'expired'))::integer as expired,
      sum(coalesce(e.charge_nano, 0))::bigint as charge,
      sum(coalesce(e.prompt_tokens, 0))::bigint as prompt,
      sum(coalesce(e.cached_tokens, 0))::bigint as cached,
      sum(coalesce(e.completion_tokens, 0))::bigint as completion,
      sum(coalesce(e.reasoning_tokens, 0))::bigint as reasoning
    from unnest(endings) e cross join lateral (select batch_id from jobs where id = e.job_id offset 0) j
    where e.ord = any (settled) and j.batch_id is not null
    group by j.batch_id
  ) s
  where b.id = s.batch_id;

  return query select unnest(settled);
end $$;
