-- The unfinished jobs of an account are counted by the statements that change its balance anyway: a trigger
-- of its own cost one more update of the same row for every group of jobs that was accepted or settled.
drop trigger entries_count_unfinished_jobs on entries;
drop function count_unfinished_jobs();

-- See migration 0022 for what each verdict promises.
create or replace function accept_jobs(
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_unfinished_max integer, p_keys_max integer,
  p_lock_wait_ms integer
)
returns table (
  ord integer, verdict text, available_nano bigint, quota integer, status integer, reply text, location text
)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  intake job_intake[];
  r record;
  current_account text;
  free bigint;
  held bigint;
  room integer;
  key_room integer;
  known integer[] := '{}';
  accepted job_intake[] := '{}';
  names text[] := '{}';
  taken boolean[];
  deep integer[] := '{}';
  keyed integer[] := '{}';
  poor integer[] := '{}';
  free_after bigint[] := '{}';
  held_after bigint[] := '{}';
begin
  perform set_config('lock_timeout', p_lock_wait_ms || 'ms', true);
  intake := array(select j from json_populate_recordset(null::job_intake, p_jobs) j);

  perform 1 from balances b
  where b.account_id in (select i.account_id from unnest(intake) i)
  order by b.account_id
  for no key update;

  taken := array_fill(false, array[cardinality(intake)]);
  known := array(select i.ord from unnest(intake) i join jobs j on j.id = i.job_id);

  for r in
    select q.item, q.ord, q.account_id, q.name, q.mention, q.has_key, q.hold_nano, b.available_nano, b.held_nano,
      coalesce(a.max_queue_depth, p_unfinished_max) - b.unfinished_jobs as room,
      coalesce((a.limits ->> 'idempotency_keys')::integer, p_keys_max) - b.idempotency_keys as key_room
    from (
      select n.*, row_number() over (partition by n.account_id, n.name order by n.ord) as mention
      from (
        select i as item, i.ord, i.account_id, i.hold_nano, i.idempotency_key, i.idempotency_key is not null as has_key,
          coalesce('key ' || i.idempotency_key, 'job ' || i.job_id) as name
        from unnest(intake) i
      ) n
    ) q
    join balances b on b.account_id = q.account_id
    join accounts a on a.id = q.account_id
    where not q.ord = any (known)
      and not exists (
        select 1 from idempotency_keys k
        where k.account_id = q.account_id and k.key = q.idempotency_key
      )
    order by q.account_id, q.ord
  loop
    if current_account is distinct from r.account_id then
      current_account := r.account_id;
      free := r.available_nano;
      held := r.held_nano;
      room := r.room;
      key_room := r.key_room;
      names := '{}';
    end if;
    -- What an earlier one of this call was accepted for is answered below.
    continue when r.mention > 1 and r.name = any (names);
    if room <= 0 then
      deep := deep || r.ord;
    elsif r.has_key and key_room <= 0 then
      keyed := keyed || r.ord;
    elsif r.hold_nano <= free then
      free := free - r.hold_nano;
      held := held + r.hold_nano;
      room := room - 1;
      key_room := key_room - r.has_key::integer;
      accepted := accepted || r.item;
      names := names || r.name;
      taken[r.ord] := true;
      free_after := free_after || free;
      held_after := held_after || held;
    else
      poor := poor || r.ord;
    end if;
  end loop;

  if cardinality(accepted) > 0 then
    insert into holds (id, account_id, amount_nano, remaining_nano)
    select i.hold_id, i.account_id, i.hold_nano, i.hold_nano
    from unnest(accepted) i;

    insert into jobs (
      id, account_id, surface, lane, model, provider, target_model, max_attempts, hold_id, hold_nano, input_tokens_bound,
      tokens_bound, stream, announces, webhook_url, webhook_payload, metadata, run_at, created_at,
      expires_in_seconds, deadline_at
    )
    select i.job_id, i.account_id, i.surface, i.lane, i.model, i.provider, i.target_model, i.max_attempts, i.hold_id,
      i.hold_nano, i.input_tokens_bound, i.tokens_bound, i.stream, i.announces, i.webhook_url, i.webhook_payload, i.metadata,
      greatest(i.run_at, now()), i.created_at, i.expires_in_seconds,
      greatest(i.run_at, now()) + make_interval(secs => i.expires_in_seconds)
    from unnest(accepted) i;

    insert into job_requests (job_id, request, targets, original)
    select i.job_id, p_requests[i.ord], p_targets[i.ord]::jsonb, p_originals[i.ord]
    from unnest(accepted) i;

    insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, description)
    select i.account_id, 'hold', -i.hold_nano, free_after[i.ordinality], held_after[i.ordinality], i.job_id, 'hold for a job'
    from unnest(accepted) with ordinality i
    order by i.ordinality;

    insert into idempotency_keys (account_id, key, fingerprint, status, reply, location)
    select i.account_id, i.idempotency_key, i.fingerprint, 202, i.reply, '/v1/jobs/' || i.job_id
    from unnest(accepted) i where i.idempotency_key is not null;

    update balances b
    set available_nano = b.available_nano - s.amount, held_nano = b.held_nano + s.amount,
      unfinished_jobs = b.unfinished_jobs + s.jobs, idempotency_keys = b.idempotency_keys + s.keys
    from (
      select i.account_id, sum(i.hold_nano)::bigint as amount, count(*)::integer as jobs,
        count(i.idempotency_key)::integer as keys
      from unnest(accepted) i group by i.account_id
    ) s
    where b.account_id = s.account_id;
  end if;

  return query
    select i.ord,
      case
        when taken[i.ord] or i.ord = any (known) then 'accepted'
        when exists (select from unnest(accepted) a where a.job_id = i.job_id) then 'accepted'
        when i.ord = any (deep) then 'deep'
        when i.ord = any (keyed) then 'keyed'
        when i.ord = any (poor) then 'insufficient'
        when k.fingerprint <> i.fingerprint then 'conflict'
        when k.claim_token is not null then 'in_progress'
        when k.key is not null then 'replayed'
        else 'unknown'
      end,
      b.available_nano,
      case
        when i.ord = any (deep) then coalesce(a.max_queue_depth, p_unfinished_max)
        when i.ord = any (keyed) then coalesce((a.limits ->> 'idempotency_keys')::integer, p_keys_max)
      end,
      k.status, k.reply, k.location
    from unnest(intake) i
    left join balances b on b.account_id = i.account_id
    left join accounts a on a.id = i.account_id
    left join idempotency_keys k on k.account_id = i.account_id and k.key = i.idempotency_key
    order by i.ord;
end $$;

-- See migration 0030 for which endings count.
create or replace function settle_jobs(p_endings json, p_results text[])
returns table (ord integer)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  endings job_ending[];
  r record;
  current_account text;
  free bigint;
  held bigint;
  settled integer[] := '{}';
  e_account text[] := '{}';
  e_type text[] := '{}';
  e_amount bigint[] := '{}';
  e_free bigint[] := '{}';
  e_held bigint[] := '{}';
  e_job text[] := '{}';
  e_batch text[] := '{}';
begin
  endings := array(select e from json_populate_recordset(null::job_ending, p_endings) e);

  perform 1 from balances b
  where b.account_id in (select e.account_id from unnest(endings) e)
  order by b.account_id
  for no key update;

  perform 1 from jobs j
  where j.id in (select e.job_id from unnest(endings) e)
  order by j.id
  for no key update;

  for r in
    select q.ord, q.job_id, j.account_id, j.batch_id, j.hold_nano, coalesce(q.charge_nano, 0) as charge_nano,
      b.available_nano, b.held_nano
    from (
      select e.*, row_number() over (partition by e.job_id order by e.ord) as mention
      from unnest(endings) e
      -- Behind the fence of an offset the index on the id is the only way; else that of a whole account may
      -- look as good.
      join lateral (select * from jobs where id = e.job_id offset 0) f on f.account_id = e.account_id
      where (e.fence is null and f.state in ('waiting', 'ticketed')) or (f.state = 'running' and f.attempts = e.fence)
    ) q
    join lateral (select * from jobs where id = q.job_id offset 0) j on true
    join balances b on b.account_id = j.account_id
    where q.mention = 1
    order by j.account_id, q.ord
  loop
    if current_account is distinct from r.account_id then
      current_account := r.account_id;
      free := r.available_nano;
      held := r.held_nano;
    end if;
    settled := settled || r.ord;
    free := free + r.hold_nano;
    held := held - r.hold_nano;
    e_account := e_account || r.account_id;
    e_type := e_type || 'release'::text;
    e_amount := e_amount || r.hold_nano;
    e_free := e_free || free;
    e_held := e_held || held;
    e_job := e_job || r.job_id;
    e_batch := e_batch || r.batch_id;
    if r.charge_nano > 0 then
      free := free - r.charge_nano;
      e_account := e_account || r.account_id;
      e_type := e_type || 'charge'::text;
      e_amount := e_amount || -r.charge_nano;
      e_free := e_free || free;
      e_held := e_held || held;
      e_job := e_job || r.job_id;
      e_batch := e_batch || r.batch_id;
    end if;
  end loop;

  return query
    select e.ord
    from unnest(endings) e join jobs j on j.id = e.job_id
    where not e.ord = any (settled) and j.state = e.state and j.finished_at = e.finished_at
      and (e.fence is null or j.attempts = e.fence);

  if cardinality(settled) = 0 then
    return;
  end if;

  insert into charges (
    job_id, account_id, hold_nano, amount_nano, estimated, provider, model, price_version, prompt_tokens,
    completion_tokens, cached_tokens, cache_write_tokens, cache_write_hour_tokens, reasoning_tokens
  )
  select e.job_id, e.account_id, j.hold_nano, coalesce(e.charge_nano, 0), coalesce(e.estimated, false), e.provider,
    e.model, e.price_version, e.prompt_tokens, e.completion_tokens, e.cached_tokens, e.cache_write_tokens,
    e.cache_write_hour_tokens, e.reasoning_tokens
  from unnest(endings) e join jobs j on j.id = e.job_id
  where e.ord = any (settled);

  insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, batch_id, description)
  select t.account_id, t.type, t.amount, t.free, t.held, t.job, t.batch,
    case t.type when 'charge' then 'charge for a job' else 'hold released' end
  from unnest(e_account, e_type, e_amount, e_free, e_held, e_job, e_batch) with ordinality
    as t (account_id, type, amount, free, held, job, batch, n)
  order by t.n;

  update holds h
  set remaining_nano = h.remaining_nano - s.share,
    closed_at = case when h.remaining_nano = s.share and h.batch_id is null then now() else h.closed_at end
  from (
    select j.hold_id, sum(j.hold_nano)::bigint as share
    from unnest(endings) e join jobs j on j.id = e.job_id
    where e.ord = any (settled) group by j.hold_id
  ) s
  where h.id = s.hold_id;

  update balances b
  set available_nano = b.available_nano + s.share - s.charge, held_nano = b.held_nano - s.share,
    unfinished_jobs = b.unfinished_jobs - s.jobs
  from (
    select e.account_id, sum(j.hold_nano)::bigint as share, sum(coalesce(e.charge_nano, 0))::bigint as charge,
      (count(*) filter (where j.batch_id is null))::integer as jobs
    from unnest(endings) e join jobs j on j.id = e.job_id
    where e.ord = any (settled) group by e.account_id
  ) s
  where b.account_id = s.account_id;

  insert into overruns (job_id, attempt, amount_nano)
  select e.job_id, e.fence, e.overrun_nano
  from unnest(endings) e where e.ord = any (settled) and e.overrun_nano > 0;

  insert into job_results (job_id, result)
  select e.job_id, p_results[e.ord]
  from unnest(endings) e where e.ord = any (settled) and p_results[e.ord] is not null;

  update attempts a
  set ended_at = now(), outcome = e.attempt_outcome, status = e.attempt_status, error = e.attempt_error,
    usage = e.attempt_usage, cost_nano = e.attempt_cost_nano, service_tier = e.attempt_service_tier
  from unnest(endings) e
  where e.ord = any (settled) and a.job_id = e.job_id and a.number = e.fence and a.outcome = 'started';

  perform owe_deliveries(array(
    select row(e.account_id, e.event_id, e.event_type, e.job_id, e.event_body, e.webhook_url)::owed_event
    from unnest(endings) e where e.ord = any (settled) and e.event_id is not null
  ));

  update jobs j
  set state = e.state, finished_at = coalesce(e.finished_at, now()), error = e.error, lease_until = null,
    event_seq = greatest(j.event_seq + 1, e.event_seq)
  from unnest(endings) e
  where e.ord = any (settled) and j.id = e.job_id;

  -- After the balances in the order of locks: two calls that touch the same batch touch the same balance, and
  -- wait there.
  update batches b
  set completed = b.completed + s.completed, failed = b.failed + s.failed, cancelled = b.cancelled + s.cancelled,
    expired = b.expired + s.expired, charge_nano = b.charge_nano + s.charge, prompt_tokens = b.prompt_tokens + s.prompt,
    cached_tokens = b.cached_tokens + s.cached, completion_tokens = b.completion_tokens + s.completion,
    reasoning_tokens = b.reasoning_tokens + s.reasoning
  from (
    select j.batch_id,
      (count(*) filter (where e.state = 'succeeded'))::integer as completed,
      (count(*) filter (where e.state = 'failed'))::integer as failed,
      (count(*) filter (where e.state = 'cancelled'))::integer as cancelled,
      (count(*) filter (where e.state = 'expired'))::integer as expired,
      sum(coalesce(e.charge_nano, 0))::bigint as charge,
      sum(coalesce(e.prompt_tokens, 0))::bigint as prompt,
      sum(coalesce(e.cached_tokens, 0))::bigint as cached,
      sum(coalesce(e.completion_tokens, 0))::bigint as completion,
      sum(coalesce(e.reasoning_tokens, 0))::bigint as reasoning
    from unnest(endings) e cross join lateral (select batch_id from jobs where id = e.job_id offset 0) j
    where e.ord = any (settled) and j.batch_id is not null
    group by j.batch_id
  ) s
  where b.id = s.batch_id;

  return query select unnest(settled);
end $$;
