-- Takes due deliveries, receiver by receiver in turn, so that a receiver with a million waiting is one among
-- others. The try is counted and its attempt row written before anything is sent. The due time moves to the
-- end of the lease: a worker that dies is followed by the next one then, and an attempt it left open is
-- `unknown`.
--
-- A receiver gets at most p_per_receiver slots of a process, of which p_busy are taken. An endpoint that
-- fails again and again is only probed, by one delivery in all processes together; one that is disabled gets
-- nothing.
--
-- A claim looks at the receivers of the 128 deliveries that have been due longest, of the 128 that became due
-- last, and at the next 500 receivers after p_after: a receiver that a backlog hides from the first two comes
-- up in the third. `reached` says where the next claim goes on, even when it has no delivery; it is empty
-- when there were fewer than 500, and the walk begins anew. So the cost depends neither on how much a
-- receiver is owed nor on how many receivers wait for their next try.
create or replace function claim_deliveries(
  p_token text, p_lease_seconds double precision, p_limit integer, p_per_receiver integer,
  p_busy_receivers text[], p_busy integer[], p_after text
)
returns table (
  id text, account_id text, event_id text, endpoint_id text, receiver text, url text, body text,
  attempt integer, tries integer, is_probe boolean, secret bytea, secret_previous bytea, reached text
)
language sql
set enable_sort = off set enable_incremental_sort = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
  with recursive walk as (
    (
      select d.receiver, 1 as n from deliveries d
      where d.state = 'pending' and d.receiver > p_after
      order by d.receiver limit 1
    )
    union all
    select (
      select d.receiver from deliveries d
      where d.state = 'pending' and d.receiver > w.receiver
      order by d.receiver limit 1
    ), w.n + 1
    from walk w where w.receiver is not null and w.n < 500
  ),
  receivers as (
    select w.receiver from walk w where w.receiver is not null
    union
    select o.receiver from (
      select d.receiver from deliveries d where d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at limit 128
    ) o
    union
    select y.receiver from (
      select d.receiver from deliveries d where d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at desc limit 128
    ) y
  ),
  reached as (
    select case when count(w.receiver) = 500 then max(w.receiver) else '' end as receiver from walk w
  ),
  rooms as (
    select r.receiver, coalesce(b.n, 0) as busy,
      case
        when e.id is null then p_per_receiver
        when e.state <> 'enabled' then 0
        when e.probe_at is null then p_per_receiver
        when e.probe_at <= now() then 1
        else 0
      end - coalesce(b.n, 0) as room
    from receivers r
    left join unnest(p_busy_receivers, p_busy) as b (receiver, n) on b.receiver = r.receiver
    left join webhook_endpoints e on e.id = r.receiver
  ),
  chosen as (
    select c.id
    from rooms r
    cross join lateral (
      select d.id, d.next_attempt_at, row_number() over (order by d.next_attempt_at, d.id) as place
      from deliveries d
      where d.receiver = r.receiver and d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at, d.id
      limit r.room
    ) c
    where r.room > 0
    order by c.place + r.busy, c.next_attempt_at
    limit p_limit
  ),
  locked as (
    select d.id from deliveries d join chosen c on c.id = d.id
    -- As a case, so that no index on what is due is taken for a way to find these few.
    where case when d.state = 'pending' then d.next_attempt_at <= now() else false end
    for update of d skip locked
  ),
  claimed as (
    update deliveries d
    set lease_token = p_token, lease_until = now() + make_interval(secs => p_lease_seconds),
      next_attempt_at = now() + make_interval(secs => p_lease_seconds), tries = d.tries + 1,
      url = coalesce((select e.url from webhook_endpoints e where e.id = d.endpoint_id), d.url)
    from locked l where d.id = l.id
    returning d.*
  ),
  numbered as (
    select c.id, coalesce((select max(a.number) from delivery_attempts a where a.delivery_id = c.id),
      0) + 1 as number
    from claimed c
  ),
  forgotten as (
    update delivery_attempts a set outcome = 'unknown'
    from claimed c where a.delivery_id = c.id and a.outcome = 'started'
  ),
  noted as (
    insert into delivery_attempts (delivery_id, number) select n.id, n.number from numbered n
  ),
  probed as (
    select e.id from webhook_endpoints e
    where e.id in (select c.endpoint_id from claimed c) and e.probe_at <= now()
    order by e.id
    for no key update
  ),
  -- Nobody else probes until this probe has an outcome, or its lease ended.
  probing as (
    update webhook_endpoints e set probe_at = now() + make_interval(secs => p_lease_seconds)
    from probed p where e.id = p.id
  )
  select c.id, c.account_id, c.event_id, c.endpoint_id, c.receiver, c.url, c.body, n.number, c.tries,
    e.probe_at is not null,
    case when c.endpoint_id is null then a.webhook_secret else e.secret end,
    case
      when c.endpoint_id is null and a.webhook_secret_previous_until > now() then a.webhook_secret_previous
      when e.secret_previous_until > now() then e.secret_previous
    end,
    r.receiver
  from reached r
  left join claimed c on true
  left join numbered n on n.id = c.id
  left join accounts a on a.id = c.account_id
  left join webhook_endpoints e on e.id = c.endpoint_id
$$;
