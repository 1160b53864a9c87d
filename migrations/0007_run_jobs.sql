-- The fair window. Moves waiting jobs of one provider to ticketed, as many as are free of a window of twice what its
-- workers can run at once, and says with which priority to ticket each (1 is first).
--
-- Inside a lane the order is by fair rank: an account's n-th job counts n, plus what the account already has under way
-- there, divided by its weight; so an account with one job comes before the second job of any other. Lanes go before
-- each other strictly, but while a lower lane waits the ones above it may not fill its guaranteed share of the workers:
-- a quarter for everything below interactive, a twentieth for batch.
-- Cost depends on the accounts that have work waiting, not on how much of it there is. The plan is pinned: not knowing how
-- few will be chosen, the planner would read all jobs to join them (750 ms instead of 4 at a million waiting). For the same
-- reason a state beside an id is written "is not distinct from", here and below: that fits no partial index, and the one on
-- the id is left.
create function ticket_jobs(p_provider text, p_capacity integer)
returns table (id text, generation integer, priority integer, target_model text, tokens_bound integer)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
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
    select j.account_id, j.lane, count(*)::integer as n
    from jobs j
    where j.provider = p_provider and j.state in ('ticketed', 'running')
    group by j.account_id, j.lane
  ),
  free as (
    select greatest(0, 2 * p_capacity - coalesce(sum(n), 0))::integer as n from under_way
  ),
  candidates as (
    select c.id, c.lane, c.run_at, a.weight,
      row_number() over (partition by c.account_id, c.lane order by c.run_at, c.id)
        + coalesce((select u.n from under_way u where u.account_id = c.account_id and u.lane = c.lane), 0) as mine,
      row_number() over (partition by c.account_id order by c.lane, c.run_at, c.id)
        + coalesce((select sum(u.n) from under_way u where u.account_id = c.account_id), 0) as mine_in_all,
      a.max_concurrency
    from waiting_accounts w
    join accounts a on a.id = w.account_id and not a.paused
    cross join generate_series(0, 2) as l (lane)
    cross join lateral (
      select j.id, j.account_id, j.lane, j.run_at
      from jobs j
      where j.provider = p_provider and j.state = 'waiting' and j.account_id = w.account_id and j.lane = l.lane
        and j.run_at <= now()
      order by j.run_at, j.id
      limit (select n from free)
    ) c
  ),
  ranked as (
    select c.id, c.lane, ceil(c.mine::numeric / c.weight)::integer as fair_rank,
      row_number() over (partition by c.lane order by c.mine::numeric / c.weight, c.run_at, c.id)
        + coalesce((select sum(u.n) from under_way u where u.lane = c.lane), 0) as place_in_lane
    from candidates c
    where c.max_concurrency is null or c.mine_in_all <= c.max_concurrency
  ),
  lowest as (select max(lane) as lane from ranked),
  chosen as (
    select r.id, r.lane, r.fair_rank
    from ranked r, lowest
    where r.lane = lowest.lane
      or r.place_in_lane <= greatest(1, floor(p_capacity * case when r.lane = 0 then 0.75 else 0.95 end))
    order by r.lane, r.fair_rank, r.id
    limit (select n from free)
  ),
  locked as (
    select j.id, c.lane, c.fair_rank
    from chosen c
    cross join lateral (
      select id from jobs where id = c.id and state is not distinct from 'waiting' for no key update skip locked
    ) j
  )
  update jobs j
  set state = 'ticketed', ticketed_at = now()
  from locked l
  where j.id = l.id
  returning j.id, j.generation, 1 + l.lane * 600000 + least(l.fair_rank, 599999), j.target_model,
    j.tokens_bound
$$;

-- Claims many jobs for one worker: each must still be ticketed under the generation its ticket was made for, wanted and
-- in time. Counts the attempt and writes its row before any call is made. Jobs that are not returned are not to be run.
create function claim_jobs(p_ids text[], p_generations integer[], p_worker text, p_lease_seconds double precision)
returns table (
  id text, account_id text, batch_id text, attempt integer, tries integer, max_attempts integer, target integer,
  hold_nano bigint, input_tokens_bound integer, stream boolean, announces text, webhook_url text, webhook_payload text, metadata jsonb,
  created_at timestamptz, started_at timestamptz, deadline_at timestamptz, event_seq integer, lane integer, model text,
  request text, targets jsonb
)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with wanted as (
    select j.id
    from unnest(p_ids, p_generations) as t (id, generation)
    join jobs j on j.id = t.id
    where j.state is not distinct from 'ticketed' and j.generation = t.generation
      and j.cancel_requested_at is null and j.deadline_at > now()
    order by j.id
    for no key update of j
  ),
  claimed as (
    update jobs j
    set state = 'running', attempts = j.attempts + 1, tries = j.tries + 1, worker_id = p_worker,
      lease_until = now() + make_interval(secs => p_lease_seconds), started_at = coalesce(j.started_at, now())
    from wanted w
    where j.id = w.id and j.state is not distinct from 'ticketed'
    returning j.*
  ),
  noted as (
    insert into attempts (job_id, number, provider, model, worker_id)
    select c.id, c.attempts, c.provider, c.target_model, p_worker
    from claimed c
    returning job_id
  )
  select c.id, c.account_id, c.batch_id, c.attempts, c.tries, c.max_attempts, c.target::integer, c.hold_nano,
    c.input_tokens_bound, c.stream, c.announces, c.webhook_url, c.webhook_payload, c.metadata, c.created_at, c.started_at,
    c.deadline_at, c.event_seq, c.lane::integer, c.model, r.request, r.targets
  from claimed c join job_requests r on r.job_id = c.id join noted n on n.job_id = c.id
$$;

-- Hands tickets back when the gate stays shut for longer than a ticket should wait in Redis: the job waits in the backlog
-- again, under a new generation. With another target to go to, it goes there: at once, or after the delay when it has
-- been round them all. Nothing is counted, since no call was made.
create function return_tickets(p_ids text[], p_generations integer[], p_delays_ms double precision[])
returns table (id text)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with mine as (
    select j.id, t.delay_ms, r.targets, (j.target + 1) % jsonb_array_length(r.targets) as next
    from unnest(p_ids, p_generations, p_delays_ms) as t (id, generation, delay_ms)
    join jobs j on j.id = t.id
    join job_requests r on r.job_id = j.id
    where j.state is not distinct from 'ticketed' and j.generation = t.generation
    order by j.id
    for no key update of j
  )
  update jobs j
  set state = 'waiting', generation = j.generation + 1, ticketed_at = null, target = m.next,
    provider = m.targets -> m.next ->> 'provider', target_model = m.targets -> m.next ->> 'model',
    run_at = now() + make_interval(secs => case when m.next > 0 then 0 else m.delay_ms / 1000 end)
  from mine m
  where j.id = m.id and j.state is not distinct from 'ticketed'
  returning j.id
$$;
