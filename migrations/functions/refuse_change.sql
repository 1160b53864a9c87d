-- The ledger is append-only, for everybody who can write.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused; write a new entry instead', tg_table_name, lower(tg_op)
    using errcode = 'restrict_violation';
end $$;

create or replace trigger entries_are_never_edited before update or delete on entries
  for each row execute function refuse_change();

create or replace trigger entries_are_never_emptied before truncate on entries
  for each statement execute function refuse_change();

create or replace trigger charges_are_never_edited before update or delete on charges
  for each row execute function refuse_change();

create or replace trigger charges_are_never_emptied before truncate on charges
  for each statement execute function refuse_change();
