-- Whether an account that may have only so many calls under way at once, `p_room` more than were decided just
-- now, may begin another: those of it that wait come first. One with a thousand unfinished jobs has enough.
-- The dispatcher counts them too when it tickets: while it does, and until this
-- transaction ends, only one of the two counts. Whoever comes second here waits in line instead.
create or replace function may_begin(p_account_id text, p_room integer)
returns boolean
language plpgsql
as $$
begin
  if not pg_try_advisory_xact_lock(hashtext('ticket_jobs')) then
    return false;
  end if;
  return (
    select count(*) < 1000
      and count(*) filter (where u.state <> 'waiting' or u.run_at <= now()) < p_room
    from (
      select j.state, j.run_at from jobs j
      where j.account_id = p_account_id and j.finished_at is null
      limit 1000
    ) u
  );
end $$;
