-- Stores jobs and reserves their money, each decided by itself in the order of `ord`. The verdict says what
-- became of it:
--   accepted      The job, its hold, its ledger entry and its remembered answer are stored, perhaps since an
--                 earlier call: a caller who lost the answer to its commit repeats the call with the same job
--                 id.
--   insufficient  The hold does not fit in what is available; nothing is stored.
--   replayed      The key was used with the same request before: its first answer is returned.
--   conflict      The key was used with another request, which may still be under way.
--   in_progress   The key was used with the same request, which is still under way.
--   deep          The account has as many unfinished jobs as it may (its own limit, else p_unfinished_max).
--                 Those of batches do not count, or one batch would shut its account out for a day.
--   keyed         The job has a key, and the account has as many keys as it may (its own limit, else
--                 p_keys_max).
--   unknown       There is no such account.
-- `quota` is the limit that was reached. Of several jobs with one key, those that are refused leave it to the
-- next.
--
-- Accounts are locked first and in the order of their ids, so that two calls never wait for each other in a
-- circle, and everything is computed after that in new statements: under READ COMMITTED each of them then
-- sees what the lock guards. Whoever claims a key locks the balance too, so none can be claimed in between. A
-- lock that is not granted in p_lock_wait_ms fails the call.
--
-- The plans are pinned to nested loops over indexes (see ../README.md): what was planned while a table was
-- empty would go on to read all of it when it is not (measured: 190 µs a job at first, 2,600 after 45,000
-- jobs, until the next analyze).
create or replace function accept_jobs(
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_unfinished_max integer,
  p_keys_max integer, p_lock_wait_ms integer
)
returns table (
  ord integer, verdict text, available_nano bigint, quota integer, status integer, reply text, location text
)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  intake job_intake[];
  candidate record;
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

  for candidate in
    select q.item, q.ord, q.account_id, q.name, q.mention, q.has_key, q.hold_nano, b.available_nano,
      b.held_nano,
      coalesce(a.max_queue_depth, p_unfinished_max) - b.unfinished_jobs as room,
      coalesce((a.limits ->> 'idempotency_keys')::integer, p_keys_max) - b.idempotency_keys as key_room
    from (
      select n.*, row_number() over (partition by n.account_id, n.name order by n.ord) as mention
      from (
        select i as item, i.ord, i.account_id, i.hold_nano, i.idempotency_key,
          i.idempotency_key is not null as has_key,
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
    if current_account is distinct from candidate.account_id then
      current_account := candidate.account_id;
      free := candidate.available_nano;
      held := candidate.held_nano;
      room := candidate.room;
      key_room := candidate.key_room;
      names := '{}';
    end if;
    -- What an earlier one of this call was accepted for is answered below.
    continue when candidate.mention > 1 and candidate.name = any (names);
    if room <= 0 then
      deep := deep || candidate.ord;
    elsif candidate.has_key and key_room <= 0 then
      keyed := keyed || candidate.ord;
    elsif candidate.hold_nano <= free then
      free := free - candidate.hold_nano;
      held := held + candidate.hold_nano;
      room := room - 1;
      key_room := key_room - candidate.has_key::integer;
      accepted := accepted || candidate.item;
      names := names || candidate.name;
      taken[candidate.ord] := true;
      free_after := free_after || free;
      held_after := held_after || held;
    else
      poor := poor || candidate.ord;
    end if;
  end loop;

  if cardinality(accepted) > 0 then
    insert into holds (id, account_id, amount_nano, remaining_nano)
    select i.hold_id, i.account_id, i.hold_nano, i.hold_nano
    from unnest(accepted) i;

    insert into jobs (
      id, account_id, surface, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
      input_tokens_bound,
      tokens_bound, stream, announces, webhook_url, webhook_payload, metadata, run_at, created_at,
      expires_in_seconds, deadline_at
    )
    select i.job_id, i.account_id, i.surface, i.lane, i.model, i.provider, i.target_model, i.max_attempts,
      i.hold_id, i.hold_nano, i.input_tokens_bound, i.tokens_bound, i.stream, i.announces, i.webhook_url,
      i.webhook_payload, i.metadata,
      greatest(i.run_at, now()), i.created_at, i.expires_in_seconds,
      greatest(i.run_at, now()) + make_interval(secs => i.expires_in_seconds)
    from unnest(accepted) i;

    insert into job_requests (job_id, request, targets, original)
    select i.job_id, p_requests[i.ord], p_targets[i.ord]::jsonb, p_originals[i.ord]
    from unnest(accepted) i;

    insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, description)
    select i.account_id, 'hold', -i.hold_nano, free_after[i.ordinality], held_after[i.ordinality], i.job_id,
      'hold for a job'
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
      b.available_nano, case
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

-- The overload that processes of the release before call; a later migration drops it.
create or replace function accept_jobs(
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_queue_depth integer
)
returns table (ord integer, verdict text, available_nano bigint, status integer, reply text, location text)
language sql
as $$
  select j.ord, case j.verdict when 'in_progress' then 'conflict' else j.verdict end, j.available_nano,
    j.status, j.reply, j.location
  from accept_jobs(p_jobs, p_requests, p_targets, p_originals, p_queue_depth, null, 5000) j
$$;
