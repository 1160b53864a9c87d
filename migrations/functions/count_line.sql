-- How many calls to a provider stand before a new one, at most `p_max`: those under way, and those that wait
-- for a slot now. Who waits for something else (a paused account, one at its own concurrency) is not in line.
-- Where more than a hundred accounts wait, the line is taken for full. Planned as accept_jobs is, which calls
-- it.
create or replace function count_line(p_provider text, p_max integer)
returns integer
language plpgsql
stable
as $$
declare
  accounts_max constant integer := 100;
  under_way integer;
  found_accounts text[];
begin
  select count(*) into under_way
  from (
    select from jobs j
    where j.provider = p_provider and j.state in ('ticketed', 'running')
    limit p_max
  ) f;
  if under_way >= p_max
    or not exists (select from jobs j where j.provider = p_provider and j.state = 'waiting') then
    return under_way;
  end if;

  with recursive waiting_accounts as (
    (
      select j.account_id, 1 as n from jobs j
      where j.provider = p_provider and j.state = 'waiting'
      order by j.account_id limit 1
    )
    union all
    select (
      select j.account_id from jobs j
      where j.provider = p_provider and j.state = 'waiting' and j.account_id > w.account_id
      order by j.account_id limit 1
    ), w.n + 1
    from waiting_accounts w where w.account_id is not null and w.n <= accounts_max
  )
  select array_agg(w.account_id) into found_accounts from waiting_accounts w where w.account_id is not null;
  if cardinality(found_accounts) > accounts_max then
    return p_max;
  end if;

  return under_way + coalesce((
    select sum(least(c.n, coalesce(a.max_concurrency, c.n)))
    from unnest(found_accounts) w (account_id)
    join accounts a on a.id = w.account_id and not a.paused
    cross join lateral (
      select count(*) as n
      from generate_series(0, 2) as l (lane) cross join lateral (
        select from jobs j
        where j.provider = p_provider and j.state = 'waiting' and j.account_id = w.account_id
          and j.lane = l.lane and coalesce(j.queued_at, j.run_at) <= now() and j.run_at <= now()
        limit p_max
      ) due
    ) c
  ), 0)::integer;
end $$;
