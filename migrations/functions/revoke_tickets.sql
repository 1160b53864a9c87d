-- Revokes tickets of one provider that nobody has claimed: those of accounts that are paused, those of
-- accounts that have more under way than they may, and, while others wait, those that have waited in the
-- queue for five seconds. The position of the last was given when they were ticketed, and whoever came since
-- with a better one went before them. The jobs wait again, where they were, under a new generation; the next
-- pick decides anew.
create or replace function revoke_tickets(p_provider text)
returns table (id text, generation integer)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with held_back as (
      select a.id
      from accounts a
      where (a.paused or a.max_concurrency is not null)
        and (a.paused or a.max_concurrency < (
          select count(*) from jobs j
          where j.provider > '' and j.state in ('ticketed', 'running') and j.account_id = a.id
        ))
    ),
    theirs as (
      select j.id
      from held_back h
      cross join lateral (
        select t.id from jobs t
        where t.provider = p_provider and t.account_id = h.id and t.state in ('ticketed', 'running')
          and t.state is not distinct from 'ticketed'
        for no key update skip locked
      ) j
    ),
    stale as (
      select j.id
      from jobs j
      where j.provider = p_provider and j.state in ('ticketed', 'running') and j.state is not distinct
        from 'ticketed'
        and j.ticketed_at < now() - interval '5 seconds'
        -- In the order of its index, or the planner would look for one among the waiting jobs of all
        -- providers.
        and (
          select w.id from jobs w
          where w.provider = p_provider and w.state = 'waiting'
          order by w.account_id, w.lane, coalesce(w.queued_at, w.run_at) limit 1
        ) is not null
      for no key update skip locked
    ),
    recalled as (
      select t.id from theirs t union select s.id from stale s
    )
    update jobs j
    set state = 'waiting', generation = j.generation + 1, ticketed_at = null
    from recalled r
    where j.id = r.id
    returning j.id, j.generation - 1;
end $$;

-- The name that processes of the release before call; a later migration drops it.
create or replace function recall_tickets(p_provider text)
returns table (id text, generation integer)
language sql
as $$
  select r.id, r.generation from revoke_tickets(p_provider) r
$$;
