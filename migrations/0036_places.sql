-- A job that was put back keeps its place among its account's jobs: that is `queued_at`, when it was first
-- due, noted when it is put back for the first time; until then `run_at` says it. `run_at` is only when it
-- may be called again, at the earliest.
alter table jobs add column queued_at timestamptz;

-- Serves: the fair pick of each provider, one account and lane at a time, in the order of places. Holds
-- run_at too, so that jobs that are not due yet are passed over without a look at their rows.
drop index jobs_waiting;
create index jobs_waiting on jobs (provider, account_id, lane, coalesce(queued_at, run_at), id, run_at) where state = 'waiting';

-- As before (0017), in the order of places.
create or replace function ticket_jobs(p_provider text, p_capacity integer, p_window integer, p_recalled integer)
returns table (id text, generation integer, priority integer, target_model text, tokens_bound integer)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  select pg_advisory_xact_lock(hashtext('ticket_jobs'))
  where exists (select from accounts a where a.max_concurrency is not null);

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
    from (select greatest(0, n - p_recalled) as freed from free) f, (select random() as lower, random() as batch) r
  ),
  urgent as (
    select j.id, j.account_id, j.lane, coalesce(j.queued_at, j.run_at) as place, j.deadline_at
    from jobs j
    where j.state in ('waiting', 'ticketed', 'running') and j.deadline_at < now() + interval '1 minute'
      and j.state is not distinct from 'waiting' and j.provider = p_provider and j.run_at <= now()
    order by j.deadline_at
    limit (select n from free)
  ),
  candidates as (
    select c.id, c.lane, c.place, a.weight,
      row_number() over (partition by w.account_id, c.lane order by c.due, c.place, c.id)
        + coalesce((select u.n from under_way u where u.account_id = w.account_id and u.lane = c.lane), 0) as mine,
      row_number() over (partition by w.account_id order by c.lane, c.due, c.place, c.id)
        + case when a.max_concurrency is null then 0
            else coalesce((select e.n from anywhere e where e.account_id = w.account_id), 0) end as mine_in_all,
      a.max_concurrency
    from waiting_accounts w
    join accounts a on a.id = w.account_id and not a.paused
    cross join generate_series(0, 2) as l (lane)
    cross join lateral (
      (
        select j.id, j.lane, coalesce(j.queued_at, j.run_at) as place,
          case when j.deadline_at < now() + interval '1 minute' then j.deadline_at else 'infinity' end as due
        from jobs j
        where j.provider = p_provider and j.state = 'waiting' and j.account_id = w.account_id and j.lane = l.lane
          -- Whoever is due was due when it got its place: the first condition ends the search, the second
          -- passes over who waits.
          and coalesce(j.queued_at, j.run_at) <= now() and j.run_at <= now()
        order by coalesce(j.queued_at, j.run_at), j.id
        limit (select n from free)
      )
      union
      select u.id, u.lane, u.place, u.deadline_at from urgent u where u.account_id = w.account_id and u.lane = l.lane
    ) c
  ),
  ranked as (
    select c.id, c.lane, ceil(c.mine::numeric / c.weight)::integer as fair_rank,
      row_number() over (partition by c.lane order by c.mine::numeric / c.weight, c.place, c.id) as place_in_lane,
      row_number() over (
        partition by c.lane > 0 order by c.lane, c.mine::numeric / c.weight, c.place, c.id
      ) as place_in_lower_lanes
    from candidates c
    where c.max_concurrency is null or c.mine_in_all <= c.max_concurrency
  ),
  top_lane as materialized (
    select least((select min(r.lane) from ranked r), (select min(u.lane) from under_way u where u.n > u.running)) as lane
  ),
  chosen as (
    select r.id, r.lane, r.fair_rank,
      case
        when r.lane > t.lane and r.lane = 2 and r.place_in_lane <= s.batch then 0
        when r.lane > t.lane and r.place_in_lower_lanes <= s.lower_lanes then 0
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
      select id from jobs where id = c.id and state is not distinct from 'waiting' for no key update skip locked
    ) j
  )
  update jobs j
  set state = 'ticketed', ticketed_at = now()
  from locked l
  where j.id = l.id
  returning j.id, j.generation, ticket_priority(l.band, l.fair_rank), j.target_model, j.tokens_bound
$$;

-- As before (0017), in the order of its index.
create or replace function recall_tickets(p_provider text)
returns table (id text, generation integer)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
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
    where j.provider = p_provider and j.state in ('ticketed', 'running') and j.state is not distinct from 'ticketed'
      and j.ticketed_at < now() - interval '5 seconds'
      -- In the order of its index, or the planner would look for one among the waiting jobs of all providers.
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
  returning j.id, j.generation - 1
$$;

-- As before (0017), and the job keeps its place.
create or replace function return_tickets(
  p_ids text[], p_generations integer[], p_delays_ms double precision[], p_only_elsewhere boolean[]
)
returns table (id text)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with mine as (
    select j.id, t.delay_ms, r.targets, (j.target + 1) % jsonb_array_length(r.targets) as next
    from unnest(p_ids, p_generations, p_delays_ms, p_only_elsewhere) as t (id, generation, delay_ms, only_elsewhere)
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
  returning j.id
$$;

-- Takes tickets back from whoever has them in hand while their provider is paused: the jobs wait again where
-- they were, for the same target, under a new generation.
create function withdraw_tickets(p_ids text[], p_generations integer[])
returns table (id text)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with mine as (
    select j.id
    from unnest(p_ids, p_generations) as t (id, generation)
    join jobs j on j.id = t.id
    where j.state is not distinct from 'ticketed' and j.generation = t.generation
    order by j.id
    for no key update of j
  )
  update jobs j
  set state = 'waiting', generation = j.generation + 1, ticketed_at = null
  from mine m
  where j.id = m.id and j.state is not distinct from 'ticketed'
  returning j.id
$$;

-- As before (0008), and the job keeps its place.
create or replace function put_back_jobs(p_returns json)
returns table (ord integer)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
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
    set state = 'waiting', generation = j.generation + 1, lease_until = null, worker_id = null, ticketed_at = null,
      provider = r.provider, target_model = r.target_model, target = r.target,
      queued_at = coalesce(j.queued_at, j.run_at), run_at = now() + make_interval(secs => r.delay_ms / 1000),
      tries = case when r.counts then j.tries else j.tries - 1 end, event_seq = greatest(j.event_seq, r.event_seq)
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
  select m.ord from moved m
$$;

do $$
begin
  if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    grant execute on all functions in schema public to gateway_runtime;
  end if;
end $$;
