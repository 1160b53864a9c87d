-- Balances are never deleted, by anybody who can write.
create or replace function refuse_deletion() returns trigger language plpgsql as $$
begin
  raise exception '% are kept as long as their account, which is forever',
  tg_table_name using errcode = 'restrict_violation';
end $$;

create or replace trigger balances_are_never_deleted before delete or truncate on balances
  for each statement execute function refuse_deletion();
