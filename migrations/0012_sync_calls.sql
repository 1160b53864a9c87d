-- A synchronous call and the job that answers it. A client whose connection broke asks again, and gets that
-- job's answer instead of another call: `asks` counts how often it did, so that whoever saw it leave knows
-- whether it came back.
create table sync_calls (
  job_id text primary key,
  account_id text not null references accounts (id),
  fingerprint text not null,
  asks integer not null default 1,
  created_at timestamptz not null default now()
);
-- Serves: the newest call with the same path and body.
create index sync_calls_by_request on sync_calls (account_id, fingerprint, created_at desc);
-- Serves: forgetting old ones.
create index sync_calls_by_age on sync_calls (created_at);
