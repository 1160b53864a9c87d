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
  line integer;
  due integer;
  waiter record;
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

  line := under_way;
  for waiter in
    select a.id, a.max_concurrency from unnest(found_accounts) w (id)
    join accounts a on a.id = w.id and not a.paused
  loop
    exit when line >= p_max;
    -- Of those whose turn has come, a bounded look: some of them wait for a time that a provider gave them.
    select count(*) into due
    from generate_series(0, 2) as l (lane) cross join lateral (
      select from (
        select j.run_at from jobs j
        where j.provider = p_provider and j.state = 'waiting' and j.account_id = waiter.id
          and j.lane = l.lane and coalesce(j.queued_at, j.run_at) <= now()
        limit 4 * p_max
      ) q
      where q.run_at <= now()
      limit p_max
    ) d;
    if waiter.max_concurrency is not null then
      due := least(due, greatest(0, waiter.max_concurrency - (
        select count(*) from jobs j
        where j.provider > '' and j.account_id = waiter.id and j.state in ('ticketed', 'running')
      )));
    end if;
    line := line + due;
  end loop;
  return line;
end $$;
