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

insert into account_usage (account_id, files, stored_bytes)
select a.id, count(f.id) filter (where f.purpose <> 'message_batch'), coalesce(sum(f.bytes), 0)
from accounts a left join files f on f.account_id = a.id
group by a.id;

update balances b
set unfinished_jobs = (
    select count(*) from jobs j where j.account_id = b.account_id and j.finished_at is null
      and j.batch_id is null
  ),
  idempotency_keys = (select count(*) from idempotency_keys k where k.account_id = b.account_id);

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
