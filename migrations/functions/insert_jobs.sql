-- Stores new jobs, for accept_jobs and expand_batch: the only place that lists what a new row of `jobs` has.
-- What is null begins with its default. Those of `p_claimed` are claimed by `p_worker` for `p_lease_ms` where
-- they are stored: running, with their first attempt written, as claim_jobs would have it.
create or replace function insert_jobs(p_jobs jobs[], p_claimed text[], p_worker text, p_lease_ms integer)
returns void
language plpgsql
as $$
#variable_conflict use_column
begin
  insert into jobs (
    id, account_id, batch_id, surface, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
    input_tokens_bound, tokens_bound, stream, announces, webhook_url, webhook_payload, metadata, run_at,
    created_at, expires_in_seconds, deadline_at, state, attempts, tries, worker_id, lease_until, started_at
  )
  select j.id, j.account_id, j.batch_id, j.surface, j.lane, j.model, j.provider, j.target_model,
    j.max_attempts, j.hold_id, j.hold_nano, j.input_tokens_bound, j.tokens_bound, coalesce(j.stream, false),
    j.announces, j.webhook_url, coalesce(j.webhook_payload, 'thin'), coalesce(j.metadata, '{}'),
    greatest(j.run_at, now()),
    coalesce(j.created_at, now()), j.expires_in_seconds,
    coalesce(j.deadline_at, greatest(j.run_at, now()) + make_interval(secs => j.expires_in_seconds)),
    case when c.claimed then 'running' else 'waiting' end, c.claimed::integer, c.claimed::integer,
    case when c.claimed then p_worker end,
    case when c.claimed then now() + make_interval(secs => p_lease_ms / 1000.0) end,
    case when c.claimed then now() end
  from unnest(p_jobs) j cross join lateral (select j.id = any (p_claimed) as claimed) c;

  if cardinality(p_claimed) > 0 then
    insert into attempts (job_id, number, provider, model, worker_id)
    select j.id, 1, j.provider, j.target_model, p_worker
    from unnest(p_jobs) j where j.id = any (p_claimed);
  end if;
end $$;

-- Of expand_batch, whose jobs all wait in line.
create or replace function insert_jobs(p_jobs jobs[])
returns void
language sql
as $$
  select insert_jobs(p_jobs, '{}'::text[], null::text, null::integer)
$$;
