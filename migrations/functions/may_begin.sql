-- Whether an account that may have only so many calls under way at once, `p_room` more than were decided just
-- now, may begin another. The dispatcher counts them too when it tickets: while it does, and until this
-- transaction ends, only one of the two counts. Whoever comes second here waits in line instead.
create or replace function may_begin(p_account_id text, p_room integer)
returns boolean
language plpgsql
as $$
begin
  if not pg_try_advisory_xact_lock(hashtext('ticket_jobs')) then
    return false;
  end if;
  return p_room > (
    select count(*) from jobs j
    where j.provider > '' and j.account_id = p_account_id and j.state in ('ticketed', 'running')
  );
end $$;
