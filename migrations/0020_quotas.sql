-- What an account may have of each thing, where the operator set it; everything else is the installation's
-- default. The names are those of src/shared/platform/config/quotas.ts.
alter table accounts add column limits jsonb not null default '{}';

-- What an account has of the things that come in numbers no request may count, kept where the requests that
-- are held to it look anyway, under its lock.
alter table balances
  -- Jobs of no batch that have not ended: those whose hold is open.
  add column unfinished_jobs integer not null default 0,
  add column idempotency_keys integer not null default 0;

-- What an account has stored. A row of its own and not the balance: an upload may keep it locked while jobs
-- are accepted.
create table account_usage (
  account_id text primary key references accounts (id),
  files integer not null default 0,
  stored_bytes bigint not null default 0
) with (fillfactor = 50);

create function open_account_usage() returns trigger language plpgsql as $$
begin
  insert into account_usage (account_id) values (new.id);
  return null;
end $$;
create trigger accounts_have_a_usage after insert on accounts for each row execute function open_account_usage();

insert into account_usage (account_id, files, stored_bytes)
select a.id, count(f.id) filter (where f.purpose <> 'message_batch'), coalesce(sum(f.bytes), 0)
from accounts a left join files f on f.account_id = a.id
group by a.id;

update balances b
set unfinished_jobs = (
    select count(*) from jobs j where j.account_id = b.account_id and j.finished_at is null and j.batch_id is null
  ),
  idempotency_keys = (select count(*) from idempotency_keys k where k.account_id = b.account_id);

-- Whoever adds, lengthens or removes a file, it is counted in the same transaction. The requests and results
-- of a message batch are no files of the account, but they are stored.
create function count_file() returns trigger language plpgsql as $$
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
    update account_usage set files = files + more_files, stored_bytes = stored_bytes + more_bytes where account_id = owner;
  end if;
  return null;
end $$;
create trigger files_are_counted after insert or delete or update of bytes on files
  for each row execute function count_file();

-- The ledger says when a job of no batch begins and ends: it is held for once, and released once, by a
-- statement that has locked the balance.
create function count_unfinished_jobs() returns trigger
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  update balances b set unfinished_jobs = b.unfinished_jobs + c.jobs
  from (
    select e.account_id, sum(case e.type when 'hold' then 1 else -1 end)::integer as jobs
    from added e
    where e.job_id is not null and e.batch_id is null and e.type in ('hold', 'release')
    group by e.account_id
  ) c
  where b.account_id = c.account_id and c.jobs <> 0;
  return null;
end $$;
create trigger entries_count_unfinished_jobs after insert on entries
  referencing new table as added
  for each statement execute function count_unfinished_jobs();

-- Serves: the limit on an account's open batches.
create index batches_open_of_account on batches (account_id) where finished_at is null;

-- Serves: cancelling an account's unfinished jobs, a page after the other; the limit on their number is a
-- counter.
create index jobs_unfinished_of_account on jobs (account_id, id) where finished_at is null;
drop index jobs_unfinished;

do $$
begin
  if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    grant select, insert, update, delete on account_usage to gateway_runtime;
  end if;
end $$;
