-- Each account has a row in account_usage from the transaction on that creates it.
create or replace function open_account_usage() returns trigger language plpgsql as $$
begin
  insert into account_usage (account_id) values (new.id);
  return null;
end $$;

create or replace trigger accounts_have_a_usage after insert on accounts
  for each row execute function open_account_usage();
