-- A file is counted in the transaction that adds, lengthens or removes it. The requests and results of a
-- message batch are no files of the account, but their bytes are stored.
create or replace function count_file() returns trigger language plpgsql as $$
declare
  owner text := case tg_op when 'DELETE' then old.account_id else new.account_id end;
  more_files integer := 0;
  more_bytes bigint := 0;
begin
  if tg_op <> 'DELETE' then
    more_files := more_files + (new.purpose <> 'message_batch')::integer;
    more_bytes := more_bytes + new.bytes;
  end if;
  if tg_op <> 'INSERT' then
    more_files := more_files - (old.purpose <> 'message_batch')::integer;
    more_bytes := more_bytes - old.bytes;
  end if;
  if more_files <> 0 or more_bytes <> 0 then
    update account_usage set files = files + more_files, stored_bytes = stored_bytes + more_bytes
      where account_id = owner;
  end if;
  return null;
end $$;

create or replace trigger files_are_counted after insert or delete or update of bytes on files
  for each row execute function count_file();
