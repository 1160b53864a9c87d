-- When each account last had a turn of those that move batches: who has waited longest is next, however many
-- batches others have open.
create table batch_turns (
  account_id text primary key references accounts (id),
  last_turn_at timestamptz not null
) with (fillfactor = 50);

-- A batch that ends the processes that move it is not tried for ever. `step_place` is where the step now
-- under way began: a lease that was not handed back and left the batch there was lost by what lies there.
alter table batches
  add column step_place text,
  add column lost_leases integer not null default 0,
  -- So many steps are still taken one line at a time, to find the line that is to blame.
  add column careful_steps integer not null default 0,
  -- The line that was failed for it; the next lease that is lost fails the batch.
  add column blamed_line integer;

do $$
begin
  if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    grant select, insert, update, delete on batch_turns to gateway_runtime;
  end if;
end $$;
