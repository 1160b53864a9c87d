-- A job that was requeued keeps its position among its account's jobs: that is `queued_at`, when it was first
-- due, written when it is requeued for the first time; until then `run_at` has it. `run_at` is only when the
-- job may be called again, at the earliest.
alter table jobs add column queued_at timestamptz;

-- Serves: the fair pick of each provider, one account and lane at a time, in the order of `queued_at`. Holds
-- run_at too, so that jobs that are not due yet are passed over without a look at their rows.
drop index jobs_waiting;
create index jobs_waiting on jobs (provider, account_id, lane, coalesce(queued_at, run_at), id, run_at)
  where state = 'waiting';
