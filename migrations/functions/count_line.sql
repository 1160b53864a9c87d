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
  line integer;
  due integer;
  waiter record;
  waiter_id text := '';
begin
  select count(*) into line
  from (
    select from jobs j
    where j.provider = p_provider and j.state in ('ticketed', 'running')
    limit p_max
  ) f;

  -- From one waiting account to the next, as long as there is room behind them.
  for looked in 1..accounts_max loop
    if line >= p_max then
      return line;
    end if;
    select j.account_id into waiter_id from jobs j
    where j.provider = p_provider and j.state = 'waiting' and j.account_id > waiter_id
    order by j.account_id limit 1;
    if waiter_id is null then
      return line;
    end if;
    select a.paused, a.max_concurrency into waiter from accounts a where a.id = waiter_id;
    continue when waiter.paused;

    -- Of those whose turn has come, a bounded look: some of them wait for a time that a provider gave them.
    select count(*) into due
    from generate_series(0, 2) as l (lane) cross join lateral (
      select from (
        select j.run_at from jobs j
        where j.provider = p_provider and j.state = 'waiting' and j.account_id = waiter_id
          and j.lane = l.lane and coalesce(j.queued_at, j.run_at) <= now()
        limit 4 * p_max
      ) q
      where q.run_at <= now()
      limit p_max
    ) d;
    if waiter.max_concurrency is not null then
      due := least(due, greatest(0, waiter.max_concurrency - (
        select count(*) from jobs j
        where j.provider > '' and j.account_id = waiter_id and j.state in ('ticketed', 'running')
      )));
    end if;
    line := line + due;
  end loop;
  return p_max;
end $$;
