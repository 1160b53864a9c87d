-- Releases tickets when the gate stays shut for longer than a ticket should wait in Redis: the job waits in
-- the backlog again, under a new generation and in its old position. A job with another target goes to it: at
-- once, or after the delay when it has been round them all. A ticket that is to be released only for another
-- target, and has none, stays. No try is counted, since no call was made.
create or replace function release_tickets(
  p_ids text[], p_generations integer[], p_delays_ms double precision[], p_only_elsewhere boolean[]
)
returns table (id text)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with mine as (
      select j.id, t.delay_ms, r.targets, (j.target + 1) % jsonb_array_length(r.targets) as next
      from unnest(p_ids, p_generations, p_delays_ms, p_only_elsewhere) as t (id, generation, delay_ms,
        only_elsewhere)
      join jobs j on j.id = t.id
      join job_requests r on r.job_id = j.id
      where j.state is not distinct from 'ticketed' and j.generation = t.generation
        and (jsonb_array_length(r.targets) > 1 or not t.only_elsewhere)
      order by j.id
      for no key update of j
    )
    update jobs j
    set state = 'waiting', generation = j.generation + 1, ticketed_at = null, target = m.next,
      provider = m.targets -> m.next ->> 'provider', target_model = m.targets -> m.next ->> 'model',
      queued_at = coalesce(j.queued_at, j.run_at),
      run_at = now() + make_interval(secs => case when m.next > 0 then 0 else m.delay_ms / 1000 end)
    from mine m
    where j.id = m.id and j.state is not distinct from 'ticketed'
    returning j.id;
end $$;

-- The name that processes of the release before call; a later migration drops it.
create or replace function return_tickets(
  p_ids text[], p_generations integer[], p_delays_ms double precision[], p_only_elsewhere boolean[]
)
returns table (id text)
language sql
as $$
  select r.id from release_tickets(p_ids, p_generations, p_delays_ms, p_only_elsewhere) r
$$;
