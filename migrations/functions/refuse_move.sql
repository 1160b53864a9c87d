-- Which state may follow which, for everybody who can write: a final job stays final, a call is only made on
-- a ticket, a result only comes from a call. The same pairs stand in src/shared/jobs/rules/transitions.ts; a
-- test tries every one. The condition is plain SQL, so that a legal move calls no function.
create or replace function refuse_move() returns trigger language plpgsql as $$
begin
  raise exception '% % is % and may not become %', tg_argv[0], new.id, old.state, new.state
    using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = tg_name,
      column = 'state';
end $$;

create or replace trigger jobs_move_only_as_they_may before update of state on jobs
  for each row
  when (old.state is distinct from new.state and not case old.state
    when 'waiting' then new.state in ('ticketed', 'cancelled', 'expired')
    when 'ticketed' then new.state in ('waiting', 'running', 'cancelled', 'expired')
    when 'running' then new.state in ('waiting', 'succeeded', 'failed', 'cancelled', 'expired')
    else false
  end)
  execute function refuse_move('job');

create or replace trigger deliveries_move_only_as_they_may before update of state on deliveries
  for each row
  when (old.state is distinct from new.state and not case old.state
    when 'pending' then new.state in ('delivered', 'exhausted', 'held')
    else new.state = 'pending'
  end)
  execute function refuse_move('delivery');

-- A batch that is given up ends as failed, from wherever it stands.
create or replace trigger batches_move_only_as_they_may before update of state on batches
  for each row
  when (old.state is distinct from new.state and not case old.state
    when 'validating' then new.state in ('in_progress', 'failed', 'expired', 'cancelling')
    when 'in_progress' then new.state in ('finalizing', 'cancelling')
    when 'finalizing' then new.state in ('completed', 'expired', 'failed')
    when 'cancelling' then new.state in ('cancelled', 'failed')
    else false
  end)
  execute function refuse_move('batch');
