-- The job of the newest call of an account with this path and body, made in the last `p_minutes`, and how
-- often it was asked for, this time included. Nothing when there is none, or it ended without a result, so
-- that asking again is worth a new try. Most calls are noted in the statement that accepts their jobs, and
-- one that waits for long before: so whoever finds none looks again once nobody has the balance locked. The
-- job of one that was noted before may be accepted a moment later only, or never when it was refused.
create or replace function reattach_sync_call(
  p_account_id text, p_fingerprint text, p_minutes integer, p_lock_wait_ms integer
)
returns table (job_id text, asks integer)
language plpgsql
as $$
#variable_conflict use_column
begin
  for look in 1..2 loop
    return query
      update sync_calls c set asks = c.asks + 1
      from (
        select s.job_id from sync_calls s
        where s.account_id = p_account_id and s.fingerprint = p_fingerprint
          and s.created_at > now() - make_interval(mins => p_minutes)
        order by s.created_at desc limit 1
      ) newest left join jobs j on j.id = newest.job_id
      where c.job_id = newest.job_id and (
        j.id is null or j.state not in ('failed', 'cancelled', 'expired')
        or (j.state = 'cancelled' and exists (select 1 from job_results r where r.job_id = j.id))
      )
      returning c.job_id, c.asks;
    exit when found or look = 2;
    perform set_config('lock_timeout', p_lock_wait_ms || 'ms', true);
    perform 1 from balances b where b.account_id = p_account_id for share;
  end loop;
end $$;
