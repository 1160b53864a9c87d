-- The fair window. Moves waiting jobs of one provider to ticketed, as many as p_window has free (what can run
-- there at once is p_capacity), and returns the priority of each ticket (1 is first).
--
-- Inside a lane the order is by fair rank: the rank of an account's n-th waiting job is n plus what the
-- account already has under way there, divided by its weight; so an account with one job comes before the
-- second job of any other. Among an account's own jobs, those whose deadline is less than a minute away go
-- first, then the oldest by `queued_at`.
--
-- A higher lane goes before a lower one, except for guaranteed shares: while a lane above has work,
-- background and batch together get a quarter and batch alone a tenth, at the front of the queue (band 0). A
-- share has two bounds, and the smaller one holds:
--   of the slots that came free, not counting those of the p_recalled tickets that were revoked just now.
--     Without this bound the lower lanes would get most starts at a provider with a rate limit, where few run
--     at once;
--   of what runs, less what of the share runs already. Without this one the lower lanes would fill the
--     provider with jobs that take long.
-- Shares are rounded up or down at random, so that they hold on average even where there is one slot.
--
-- max_concurrency is counted over all providers. While any account has one, the dispatchers go one after the
-- other, so that each counts what the others have committed: the lock is taken by a statement of its own, so
-- that the next one sees that. The cost depends on the accounts that have work waiting, not on how much of it
-- there is. The plan is pinned (see ../README.md): the planner would take 750 ms instead of 4 at a million
-- waiting.
create or replace function ticket_jobs(p_provider text, p_capacity integer, p_window integer,
  p_recalled integer)
returns table (id text, generation integer, priority integer, target_model text, tokens_bound integer)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtext('ticket_jobs'))
  where exists (select from accounts a where a.max_concurrency is not null);

  return query
    with recursive waiting_accounts as (
      (
        select j.account_id from jobs j
        where j.provider = p_provider and j.state = 'waiting'
        order by j.account_id limit 1
      )
      union all
      select (
        select j.account_id from jobs j
        where j.provider = p_provider and j.state = 'waiting' and j.account_id > w.account_id
        order by j.account_id limit 1
      )
      from waiting_accounts w where w.account_id is not null
    ),
    under_way as (
      select j.account_id, j.lane, count(*)::integer as n,
        (count(*) filter (where j.state = 'running'))::integer as running
      from jobs j
      where j.provider = p_provider and j.state in ('ticketed', 'running')
      group by j.account_id, j.lane
    ),
    anywhere as (
      select j.account_id, count(*)::integer as n
      from jobs j
      where j.provider > '' and j.state in ('ticketed', 'running')
      group by j.account_id
    ),
    free as (
      select greatest(0, p_window - coalesce(sum(n), 0))::integer as n from under_way
    ),
    shares as materialized (
      select
        least(floor(f.freed * 0.25 + r.lower), floor(p_capacity * 0.25 + r.lower)
          - coalesce((select sum(u.running) from under_way u where u.lane > 0), 0)) as lower_lanes,
        least(floor(f.freed * 0.1 + r.batch), floor(p_capacity * 0.1 + r.batch)
          - coalesce((select sum(u.running) from under_way u where u.lane = 2), 0)) as batch
      from (select greatest(0, n - p_recalled) as freed from free) f,
        (select random() as lower, random() as batch) r
    ),
    urgent as (
      select j.id, j.account_id, j.lane, coalesce(j.queued_at, j.run_at) as queued_at, j.deadline_at
      from jobs j
      where j.state in ('waiting', 'ticketed', 'running') and j.deadline_at < now() + interval '1 minute'
        and j.state is not distinct from 'waiting' and j.provider = p_provider and j.run_at <= now()
      order by j.deadline_at
      limit (select n from free)
    ),
    candidates as (
      select c.id, c.lane, c.queued_at, a.weight,
        row_number() over (partition by w.account_id, c.lane order by c.due, c.queued_at, c.id)
          + coalesce((select u.n from under_way u where u.account_id = w.account_id and u.lane = c.lane), 0)
          as mine,
        row_number() over (partition by w.account_id order by c.lane, c.due, c.queued_at, c.id)
          + case when a.max_concurrency is null then 0
              else coalesce((select e.n from anywhere e where e.account_id = w.account_id), 0) end
              as mine_in_all,
        a.max_concurrency
      from waiting_accounts w
      join accounts a on a.id = w.account_id and not a.paused
      cross join generate_series(0, 2) as l (lane)
      cross join lateral (
        (
          select j.id, j.lane, coalesce(j.queued_at, j.run_at) as queued_at,
            case when j.deadline_at < now() + interval '1 minute' then j.deadline_at
              else 'infinity' end as due
          from jobs j
          where j.provider = p_provider and j.state = 'waiting' and j.account_id = w.account_id
            and j.lane = l.lane
            -- Whoever is due was due when it was queued: the first condition ends the search, the second
            -- passes over who waits.
            and coalesce(j.queued_at, j.run_at) <= now() and j.run_at <= now()
          order by coalesce(j.queued_at, j.run_at), j.id
          limit (select n from free)
        )
        union
        select u.id, u.lane, u.queued_at, u.deadline_at
        from urgent u where u.account_id = w.account_id and u.lane = l.lane
      ) c
    ),
    ranked as (
      select c.id, c.lane, ceil(c.mine::numeric / c.weight)::integer as fair_rank,
        row_number() over (partition by c.lane order by c.mine::numeric / c.weight, c.queued_at, c.id)
          as rank_in_lane,
        row_number() over (
          partition by c.lane > 0 order by c.lane, c.mine::numeric / c.weight, c.queued_at, c.id
        ) as rank_in_lower_lanes
      from candidates c
      where c.max_concurrency is null or c.mine_in_all <= c.max_concurrency
    ),
    top_lane as materialized (
      select least(
        (select min(r.lane) from ranked r),
        (select min(u.lane) from under_way u where u.n > u.running)
      ) as lane
    ),
    chosen as (
      select r.id, r.lane, r.fair_rank,
        case
          when r.lane > t.lane and r.lane = 2 and r.rank_in_lane <= s.batch then 0
          when r.lane > t.lane and r.rank_in_lower_lanes <= s.lower_lanes then 0
          else 1 + r.lane
        end as band
      from ranked r, shares s, top_lane t
      order by band, r.fair_rank, r.id
      limit (select n from free)
    ),
    locked as (
      select j.id, c.band, c.fair_rank
      from chosen c
      cross join lateral (
        select id from jobs where id = c.id and state is not distinct from 'waiting'
        for no key update skip locked
      ) j
    )
    update jobs j
    set state = 'ticketed', ticketed_at = now()
    from locked l
    where j.id = l.id
    returning j.id, j.generation, ticket_priority(l.band, l.fair_rank), j.target_model, j.tokens_bound;
end $$;
