-- Requeues running jobs for another call: closes the attempt that ended and moves on to the given target. As
-- with an ending, only the newest attempt may do so. `counts` says whether the attempt uses up one of
-- max_attempts. The job keeps its position among its account's jobs (`queued_at`).
create or replace function requeue_jobs(p_returns json)
returns table (ord integer)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with returned as (
      select r.* from json_populate_recordset(null::job_return, p_returns) r
    ),
    mine as (
      select j.id, r.ord
      from returned r join jobs j on j.id = r.job_id
      where j.state is not distinct from 'running' and j.attempts = r.fence
      order by j.id
      for no key update of j
    ),
    moved as (
      update jobs j
      set state = 'waiting', generation = j.generation + 1, lease_until = null, worker_id = null,
        ticketed_at = null,
        provider = r.provider, target_model = r.target_model, target = r.target,
        queued_at = coalesce(j.queued_at, j.run_at),
        run_at = now() + make_interval(secs => r.delay_ms / 1000),
        tries = case when r.counts then j.tries else j.tries - 1 end, event_seq = greatest(j.event_seq,
        r.event_seq)
      from mine m join returned r on r.ord = m.ord
      where j.id = m.id and j.state is not distinct from 'running' and j.attempts = r.fence
      returning j.id, r.ord
    ),
    closed as (
      update attempts a
      set ended_at = now(), outcome = r.attempt_outcome, status = r.attempt_status, error = r.attempt_error,
        usage = r.attempt_usage, cost_nano = r.attempt_cost_nano
      from moved m join returned r on r.ord = m.ord
      where a.job_id = r.job_id and a.number = r.fence and a.outcome = 'started'
    )
    select m.ord from moved m;
end $$;

-- The name that processes of the release before call; a later migration drops it.
create or replace function put_back_jobs(p_returns json)
returns table (ord integer)
language sql
as $$
  select r.ord from requeue_jobs(p_returns) r
$$;
