-- Stores new jobs, for accept_jobs and expand_batch: the only place that lists what a new row of `jobs` has.
-- What is null begins with its default.
create or replace function insert_jobs(p_jobs jobs[])
returns void
language plpgsql
as $$
#variable_conflict use_column
begin
  insert into jobs (
    id, account_id, batch_id, surface, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
    input_tokens_bound, tokens_bound, stream, announces, webhook_url, webhook_payload, metadata, run_at,
    created_at, expires_in_seconds, deadline_at
  )
  select j.id, j.account_id, j.batch_id, j.surface, j.lane, j.model, j.provider, j.target_model,
    j.max_attempts, j.hold_id, j.hold_nano, j.input_tokens_bound, j.tokens_bound, coalesce(j.stream, false),
    j.announces, j.webhook_url, coalesce(j.webhook_payload, 'thin'), coalesce(j.metadata, '{}'),
    greatest(j.run_at, now()),
    coalesce(j.created_at, now()), j.expires_in_seconds,
    coalesce(j.deadline_at, greatest(j.run_at, now()) + make_interval(secs => j.expires_in_seconds))
  from unnest(p_jobs) j;
end $$;
