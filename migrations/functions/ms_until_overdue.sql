-- In how many ms the reaper has something to do: a lease or the time of a job that waits is over by then, or
-- a job that waits was asked to stop, which is 0. Null when there is none of these.
create or replace function ms_until_overdue()
returns double precision
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
  select extract(epoch from least(
    -- Of all that have a ticket or run, which are few: no index knows leases by their ends.
    (select min(j.lease_until) from jobs j where j.provider > '' and j.state in ('ticketed', 'running')),
    (select j.deadline_at from jobs j where j.state in ('waiting', 'ticketed')
      order by j.deadline_at limit 1),
    (select now() from jobs j where j.cancel_requested_at is not null and j.state in ('waiting', 'ticketed')
      limit 1)
  ) - now())::double precision * 1000
$$;
