-- Claims jobs for one worker: each must still be ticketed under the generation its ticket was made for, not
-- cancelled and before its deadline. The attempt is counted and its row written before any call is made. A
-- job that is not returned is not to be run.
create or replace function claim_jobs(
  p_ids text[], p_generations integer[], p_worker text, p_lease_ms integer
)
returns table (job jobs, request text, targets jsonb)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with wanted as (
      select j.id
      from unnest(p_ids, p_generations) as t (id, generation)
      join jobs j on j.id = t.id
      where j.state is not distinct from 'ticketed' and j.generation = t.generation
        and j.cancel_requested_at is null and j.deadline_at > now()
      order by j.id
      for no key update of j
    ),
    claimed as (
      update jobs j
      set state = 'running', attempts = j.attempts + 1, tries = j.tries + 1, worker_id = p_worker,
        lease_until = now() + make_interval(secs => p_lease_ms / 1000.0),
        started_at = coalesce(j.started_at, now())
      from wanted w
      where j.id = w.id and j.state is not distinct from 'ticketed'
      returning j as job
    ),
    started as (
      insert into attempts (job_id, number, provider, model, worker_id)
      select (c.job).id, (c.job).attempts, (c.job).provider, (c.job).target_model, p_worker
      from claimed c
      returning job_id
    )
    select c.job, r.request, r.targets
    from claimed c join job_requests r on r.job_id = (c.job).id join started s on s.job_id = (c.job).id;
end $$;

-- The overload that processes of the release before call; a later migration drops it.
create or replace function claim_jobs(
  p_ids text[], p_generations integer[], p_worker text, p_lease_seconds double precision
)
returns table (
  id text, account_id text, batch_id text, attempt integer, tries integer, max_attempts integer,
  target integer, hold_nano bigint, input_tokens_bound integer, stream boolean, announces text,
  webhook_url text, webhook_payload text, metadata jsonb, created_at timestamptz, started_at timestamptz,
  deadline_at timestamptz, event_seq integer, lane integer, model text, request text, targets jsonb
)
language sql
as $$
  select (c.job).id, (c.job).account_id, (c.job).batch_id, (c.job).attempts, (c.job).tries,
    (c.job).max_attempts, (c.job).target::integer, (c.job).hold_nano, (c.job).input_tokens_bound,
    (c.job).stream, (c.job).announces, (c.job).webhook_url, (c.job).webhook_payload, (c.job).metadata,
    (c.job).created_at, (c.job).started_at, (c.job).deadline_at, (c.job).event_seq, (c.job).lane::integer,
    (c.job).model, c.request, c.targets
  from claim_jobs(p_ids, p_generations, p_worker, (p_lease_seconds * 1000)::integer) c
$$;
