-- An entry is one line of an account's statement, never edited. It moves money between two sides: `available`
-- and one other, named by its type: a hold moves it to `held`, a release back; a deposit or adjustment comes
-- from `deposits`; a charge goes to `revenue`. So every entry is balanced by itself, and the sums over all
-- accounts must agree.
create table entries (
  id bigint generated always as identity primary key,
  account_id text not null,
  type text not null,
  amount_nano bigint not null,
  available_nano bigint not null,
  held_nano bigint not null,
  job_id text,
  batch_id text,
  description text not null,
  created_at timestamptz not null default now(),
  constraint entry_type_is_known check (type in ('deposit', 'hold', 'release', 'charge', 'adjustment')),
  constraint holds_and_charges_take check (type not in ('hold', 'charge') or amount_nano <= 0),
  constraint releases_and_deposits_give check (type not in ('release', 'deposit') or amount_nano >= 0),
  constraint balances_after_an_entry_are_never_negative check (available_nano >= 0 and held_nano >= 0)
);
-- Serves: the statement of one account, newest first.
create index entries_of_account on entries (account_id, id desc);

-- The postings behind the entries: each entry twice, once per side, so that double entry can be read and
-- summed.
create view postings as
select id as entry_id, account_id, 'available' as side, amount_nano from entries
union all
select
  id,
  account_id,
  case type when 'hold' then 'held' when 'release' then 'held' when 'charge' then 'revenue'
    else 'deposits' end,
  -amount_nano
from entries;

-- A charge is what a job cost its account. At most one per job: the primary key says so, not the code.
create table charges (
  job_id text primary key references jobs (id),
  account_id text not null,
  hold_nano bigint not null,
  amount_nano bigint not null,
  estimated boolean not null default false,
  provider text,
  model text,
  price_version text,
  prompt_tokens bigint,
  completion_tokens bigint,
  cached_tokens bigint,
  cache_write_tokens bigint,
  reasoning_tokens bigint,
  created_at timestamptz not null default now(),
  constraint a_charge_never_exceeds_its_hold check (amount_nano between 0 and hold_nano)
);
-- Serves: usage reports of one account over a time range.
create index charges_of_account on charges (account_id, created_at);

-- What a provider billed beyond the hold: a cost of the house, shown to the operator, never charged.
create table overruns (
  job_id text not null references jobs (id),
  attempt integer not null,
  amount_nano bigint not null,
  created_at timestamptz not null default now(),
  primary key (job_id, attempt),
  constraint an_overrun_is_positive check (amount_nano > 0)
);
