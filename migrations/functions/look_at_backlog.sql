-- What the backlogs of some providers hold: whether a job is due, whether any is ticketed or running, and in
-- how many ms the next one is due that waits for its time. What a dispatcher at rest asks in place of
-- ticketing.
create or replace function look_at_backlog(p_providers text[])
returns table (provider text, is_due boolean, is_under_way boolean, due_in_ms double precision)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
  select p.provider,
    exists (
      select from jobs j where j.provider = p.provider and j.state = 'waiting' and j.run_at <= now()
    ),
    exists (
      select from jobs j where j.provider = p.provider and j.state in ('ticketed', 'running')
    ),
    (
      select extract(epoch from j.run_at - now())::double precision * 1000 from jobs j
      where j.provider = p.provider and j.state = 'waiting' and j.run_at > j.created_at and j.run_at > now()
      order by j.run_at limit 1
    )
  from unnest(p_providers) as p (provider)
$$;
