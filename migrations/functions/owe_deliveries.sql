-- Writes the deliveries of these events: to the object's own URL, and to every endpoint of the account that
-- listens to the type. It is called in the transaction that makes the events true. The ids of the deliveries
-- follow from event and endpoint, so that owing an event twice owes it once. What comes while an endpoint is
-- disabled is parked for it, for 30 days.
create or replace function owe_deliveries(p_events owed_event[])
returns void
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  insert into deliveries (
    id, account_id, event_id, event_type, job_id, batch_id, endpoint_id, url, body, state, next_attempt_at,
    finished_at
  )
  select 'dlv_' || regexp_replace(v.event_id, '^evt_', '') || coalesce('_' || right(t.endpoint_id, 12), ''),
    v.account_id, v.event_id, v.event_type,
    case when v.event_type not like 'batch.%' then v.object_id end,
    case when v.event_type like 'batch.%' then v.object_id end,
    t.endpoint_id, t.url, v.body, t.state,
    case when t.state = 'pending' then now() end,
    case when t.state <> 'pending' then now() end
  from unnest(p_events) v
  cross join lateral (
    select null as endpoint_id, v.own_url as url, 'pending' as state where v.own_url is not null
    union all
    select w.id, w.url, case w.state when 'enabled' then 'pending' else 'held' end
    from webhook_endpoints w
    where w.account_id = v.account_id and v.event_type = any (w.event_types)
      and (w.state = 'enabled' or (w.state = 'disabled' and w.disabled_at > now() - interval '30 days'))
  ) t
  on conflict (id) do nothing
$$;
