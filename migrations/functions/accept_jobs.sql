-- Stores jobs and reserves their money, each decided by itself in the order of the arrays. The verdict says
-- what became of it:
--   accepted      The job, its hold, its ledger entry and its remembered answer are stored, perhaps since an
--                 earlier call: a caller who lost the answer to its commit repeats the call with the same job
--                 id.
--   insufficient  The hold does not fit in what is available; nothing is stored.
--   replayed      The key was used with the same request before: its first answer is returned.
--   conflict      The key was used with another request, which may still be under way.
--   in_progress   The key was used with the same request, which is still under way.
--   deep          The account has as many unfinished jobs as it may (its own limit, else that of p_limits).
--                 Those of batches do not count, or one batch would shut its account out for a day.
--   keyed         The job has a key, and the account has as many keys as it may (its own limit, else that of
--                 p_limits).
--   unknown       There is no such account.
-- A job of `p_express` may be claimed where it is accepted: the number beside it is how many calls its
-- provider can have under way at once. It is claimed (`claimed`, running, its first attempt written) by
-- `p_worker` for `p_lease_ms` when everybody who is in line for that provider has room, and it has too; else
-- it waits in line like any other. A call of `p_calls` has its path and body noted, so that its client can
-- ask for it again.
--
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
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_keys text[], p_fingerprints text[],
  p_replies text[], p_calls text[], p_express integer[], p_worker text, p_lease_ms integer, p_limits json,
  p_lock_wait_ms integer
)
returns table (
  ord integer, verdict text, available_nano bigint, quota integer, status integer, reply text, location text,
  claimed boolean
)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  submitted jobs[];
  ids text[];
  account_ids text[];
  hold_ids text[];
  amounts bigint[];
  providers text[];
  unfinished_max integer := p_limits ->> 'unfinished_jobs';
  keys_max integer := p_limits ->> 'idempotency_keys';
  known integer[];
  candidate record;
  current_account text;
  free bigint;
  held bigint;
  room integer;
  key_room integer;
  names text[] := '{}';
  taken boolean[];
  claimed boolean[];
  -- By provider: how many more may begin here.
  begins jsonb := '{}';
  deep integer[] := '{}';
  keyed integer[] := '{}';
  poor integer[] := '{}';
  -- Of the accepted ones, in the order in which money is reserved for them.
  ords integer[] := '{}';
  free_after bigint[] := '{}';
  held_after bigint[] := '{}';
begin
  perform set_config('lock_timeout', p_lock_wait_ms || 'ms', true);
  select array_agg(j), array_agg(j.id), array_agg(j.account_id), array_agg(j.hold_id), array_agg(j.hold_nano),
    array_agg(j.provider)
  into submitted, ids, account_ids, hold_ids, amounts, providers
  from json_populate_recordset(null::jobs, p_jobs) j;

  perform 1 from balances b
  where b.account_id in (select unnest(account_ids))
  order by b.account_id
  for no key update;

  taken := array_fill(false, array[cardinality(ids)]);
  claimed := taken;
  known := array(
    select s.ord::integer from unnest(ids) with ordinality as s (id, ord) join jobs j on j.id = s.id
  );

  for candidate in
    select n.ord, n.account_id, n.name, n.key, n.hold_nano, b.available_nano, b.held_nano,
      row_number() over (partition by n.account_id, n.name order by n.ord) as mention,
      coalesce(a.max_queue_depth, unfinished_max) - b.unfinished_jobs as room,
      coalesce((a.limits ->> 'idempotency_keys')::integer, keys_max) - b.idempotency_keys as key_room
    from (
      select s.ord::integer, s.account_id, s.hold_nano, s.key,
        coalesce('key ' || s.key, 'job ' || s.id) as name
      from unnest(ids, account_ids, amounts, p_keys) with ordinality
        as s (id, account_id, hold_nano, key, ord)
    ) n
    join balances b on b.account_id = n.account_id
    join accounts a on a.id = n.account_id
    where not n.ord = any (known)
      and not exists (select 1 from idempotency_keys k where k.account_id = n.account_id and k.key = n.key)
    order by n.account_id, n.ord
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
    elsif candidate.key is not null and key_room <= 0 then
      keyed := keyed || candidate.ord;
    elsif candidate.hold_nano <= free then
      free := free - candidate.hold_nano;
      held := held + candidate.hold_nano;
      room := room - 1;
      key_room := key_room - (candidate.key is not null)::integer;
      names := names || candidate.name;
      taken[candidate.ord] := true;
      ords := ords || candidate.ord;
      free_after := free_after || free;
      held_after := held_after || held;
    else
      poor := poor || candidate.ord;
    end if;
  end loop;

  -- In the order in which they came, whoever's they are.
  for candidate in
    select o.ord, a.max_concurrency
    from unnest(ords) o (ord) join accounts a on a.id = account_ids[o.ord]
    where p_express[o.ord] is not null and not a.paused
    order by o.ord
  loop
    if not begins ? providers[candidate.ord] then
      begins := begins || jsonb_build_object(providers[candidate.ord], p_express[candidate.ord]
        - count_line(providers[candidate.ord], p_express[candidate.ord]));
    end if;
    continue when (begins ->> providers[candidate.ord])::integer <= 0;
    continue when candidate.max_concurrency is not null and not may_begin(
      account_ids[candidate.ord], candidate.max_concurrency - (
        select count(*) from unnest(ords) o (ord)
        where o.ord < candidate.ord and account_ids[o.ord] = account_ids[candidate.ord]
      )::integer
    );
    begins := jsonb_set(begins, array[providers[candidate.ord]],
      to_jsonb((begins ->> providers[candidate.ord])::integer - 1));
    claimed[candidate.ord] := true;
  end loop;

  if cardinality(ords) > 0 then
    insert into holds (id, account_id, amount_nano, remaining_nano)
    select s.hold_id, s.account_id, s.amount, s.amount
    from unnest(hold_ids, account_ids, amounts) with ordinality as s (hold_id, account_id, amount, ord)
    where taken[s.ord];

    if cardinality(ords) < cardinality(ids) then
      submitted := array(
        select s.job
        from (select j as job, row_number() over () as ord from unnest(submitted) j) s
        where taken[s.ord]
      );
    end if;
    perform insert_jobs(
      submitted,
      array(select s.id from unnest(ids) with ordinality as s (id, ord) where claimed[s.ord]),
      p_worker, p_lease_ms
    );

    insert into sync_calls (job_id, account_id, fingerprint)
    select s.id, s.account_id, s.call
    from unnest(ids, account_ids, p_calls) with ordinality as s (id, account_id, call, ord)
    where taken[s.ord] and s.call is not null
    on conflict (job_id) do nothing;

    insert into job_requests (job_id, request, targets, original)
    select s.id, s.request, s.targets::jsonb, s.original
    from unnest(ids, p_requests, p_targets, p_originals) with ordinality
      as s (id, request, targets, original, ord)
    where taken[s.ord];

    insert into entries (account_id, type, amount_nano, available_nano, held_nano, job_id, description)
    select account_ids[o.ord], 'hold', -amounts[o.ord], o.free, o.held, ids[o.ord], 'hold for a job'
    from unnest(ords, free_after, held_after) with ordinality as o (ord, free, held, n)
    order by o.n;

    insert into idempotency_keys (account_id, key, fingerprint, status, reply, location)
    select s.account_id, s.key, s.fingerprint, 202, s.reply, '/v1/jobs/' || s.id
    from unnest(ids, account_ids, p_keys, p_fingerprints, p_replies) with ordinality
      as s (id, account_id, key, fingerprint, reply, ord)
    where taken[s.ord] and s.key is not null;

    update balances b
    set available_nano = b.available_nano - s.amount, held_nano = b.held_nano + s.amount,
      unfinished_jobs = b.unfinished_jobs + s.jobs, idempotency_keys = b.idempotency_keys + s.keys
    from (
      select t.account_id, sum(t.amount)::bigint as amount, count(*)::integer as jobs,
        count(t.key)::integer as keys
      from unnest(account_ids, amounts, p_keys) with ordinality as t (account_id, amount, key, ord)
      where taken[t.ord]
      group by t.account_id
    ) s
    where b.account_id = s.account_id;
  end if;

  -- A group that was accepted whole, as most are: the rest looks up what only a refusal is answered with.
  if cardinality(ords) = cardinality(ids) then
    return query
      select n::integer, 'accepted', null::bigint, null::integer, null::integer, null::text, null::text,
        claimed[n]
      from generate_series(1, cardinality(ids)) n;
    return;
  end if;

  return query
    select s.ord::integer,
      case
        when taken[s.ord] or s.ord = any (known) then 'accepted'
        -- Another of this call with the same id was.
        when exists (select from unnest(ords) o where ids[o] = s.id) then 'accepted'
        when s.ord = any (deep) then 'deep'
        when s.ord = any (keyed) then 'keyed'
        when s.ord = any (poor) then 'insufficient'
        when k.fingerprint <> p_fingerprints[s.ord] then 'conflict'
        when k.claim_token is not null then 'in_progress'
        when k.key is not null then 'replayed'
        else 'unknown'
      end,
      b.available_nano,
      case
        when s.ord = any (deep) then coalesce(a.max_queue_depth, unfinished_max)
        when s.ord = any (keyed) then coalesce((a.limits ->> 'idempotency_keys')::integer, keys_max)
      end,
      k.status, k.reply, k.location,
      claimed[s.ord] or (
        s.ord = any (known) and p_express[s.ord] is not null and is_express_claim(s.id, p_worker)
      )
    from unnest(ids, account_ids) with ordinality as s (id, account_id, ord)
    left join balances b on b.account_id = s.account_id
    left join accounts a on a.id = s.account_id
    left join idempotency_keys k on k.account_id = s.account_id and k.key = p_keys[s.ord]
    order by s.ord;
end $$;

-- The overloads that processes of the releases before call; a later migration drops them.
create or replace function accept_jobs(
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_keys text[], p_fingerprints text[],
  p_replies text[], p_limits json, p_lock_wait_ms integer
)
returns table (
  ord integer, verdict text, available_nano bigint, quota integer, status integer, reply text, location text
)
language sql
as $$
  select a.ord, a.verdict, a.available_nano, a.quota, a.status, a.reply, a.location
  from accept_jobs(p_jobs, p_requests, p_targets, p_originals, p_keys, p_fingerprints, p_replies,
    null::text[], null::integer[], null::text, null::integer, p_limits, p_lock_wait_ms) a
$$;

create or replace function accept_jobs(
  p_jobs json, p_requests text[], p_targets text[], p_originals text[], p_unfinished_max integer,
  p_keys_max integer, p_lock_wait_ms integer
)
returns table (
  ord integer, verdict text, available_nano bigint, quota integer, status integer, reply text, location text
)
language sql
as $$
  select a.*
  from (
    select json_agg(e.job::jsonb || jsonb_build_object('id', e.job ->> 'job_id') order by e.n) as jobs,
      array_agg(e.job ->> 'idempotency_key' order by e.n) as keys,
      array_agg(e.job ->> 'fingerprint' order by e.n) as fingerprints,
      array_agg(e.job ->> 'reply' order by e.n) as replies
    from json_array_elements(p_jobs) with ordinality as e (job, n)
  ) s
  cross join lateral accept_jobs(
    s.jobs, p_requests, p_targets, p_originals, s.keys, s.fingerprints, s.replies,
    json_build_object('unfinished_jobs', p_unfinished_max, 'idempotency_keys', p_keys_max), p_lock_wait_ms
  ) a
$$;

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
