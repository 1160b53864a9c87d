-- Claims a key for p_seconds. The outcome says how the key stands:
--   claimed   The caller is to answer it, under p_token.
--   started   An earlier request with the same fingerprint is at work.
--   conflict  The key was used with another request.
--   answered  The first answer is returned.
--   full      The account has as many keys as it may (its own limit, else p_keys_max); `quota` is that limit.
-- The balance is locked before the key is looked for, as by accept_jobs, so that two callers with one key see
-- each other. The operator's keys belong to no account and are not counted.
create or replace function claim_idempotency_key(
  p_account text, p_key text, p_fingerprint text, p_token text, p_seconds double precision,
  p_keys_max integer, p_lock_wait_ms integer
)
returns table (outcome text, status integer, reply text, location text, quota integer)
language plpgsql
as $$
#variable_conflict use_column
declare
  found_key idempotency_keys;
  used integer;
  most integer;
begin
  select * into found_key from idempotency_keys k where k.account_id = p_account and k.key = p_key;

  if found_key.key is null then
    perform set_config('lock_timeout', p_lock_wait_ms || 'ms', true);
    select b.idempotency_keys, coalesce((a.limits ->> 'idempotency_keys')::integer, p_keys_max) into used,
      most
    from balances b join accounts a on a.id = b.account_id
    where b.account_id = p_account
    for no key update of b;

    if used < most or used is null or most is null then
      insert into idempotency_keys (account_id, key, fingerprint, status, reply, claim_token, locked_until)
      values (p_account, p_key, p_fingerprint, 0, '', p_token, now() + make_interval(secs => p_seconds))
      on conflict do nothing;
      if found then
        update balances set idempotency_keys = idempotency_keys + 1 where account_id = p_account;
        return query select 'claimed', null::integer, null::text, null::text, null::integer;
        return;
      end if;
    end if;
    select * into found_key from idempotency_keys k where k.account_id = p_account and k.key = p_key;
    if found_key.key is null then
      return query select 'full', null::integer, null::text, null::text, most;
      return;
    end if;
  end if;

  if found_key.fingerprint <> p_fingerprint then
    return query select 'conflict', null::integer, null::text, null::text, null::integer;
    return;
  end if;
  if found_key.claim_token is null then
    return query select 'answered', found_key.status, found_key.reply, found_key.location, null::integer;
    return;
  end if;
  update idempotency_keys k set claim_token = p_token, locked_until = now() + make_interval(secs => p_seconds)
  where k.account_id = p_account and k.key = p_key and k.claim_token = found_key.claim_token
    and k.locked_until < now();
  return query select case when found then 'claimed' else 'started' end, null::integer, null::text,
  null::text, null::integer;
end $$;
