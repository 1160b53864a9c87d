-- Holds, jobs, entries and charges have no foreign key to their account: they are written under the lock of
-- its balance, which has one and is never deleted (0003), and looking it up again for each row was a seventh
-- of what it takes to accept a job.

-- A hold is money set aside for one job or one batch. Each job owns a share of it; a final job's share is
-- gone from `remaining`, so the hold closes by itself when its last job ends.
create table holds (
  id text primary key,
  account_id text not null,
  batch_id text,
  amount_nano bigint not null,
  remaining_nano bigint not null,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  constraint amount_is_never_negative check (amount_nano >= 0),
  constraint remaining_is_part_of_the_amount check (remaining_nano between 0 and amount_nano),
  constraint closed_holds_have_nothing_left check (closed_at is null or remaining_nano = 0)
) with (fillfactor = 80);
-- Serves: the ledger check and the operator's view of open holds.
create index holds_open on holds (account_id) where closed_at is null;

-- A job is one request an account wants answered before its deadline. Small on purpose: its texts live
-- elsewhere, so that a change of state rewrites few bytes.
create table jobs (
  id text primary key,
  account_id text not null,
  batch_id text,
  -- Where it was ordered, which decides how it is shown and who is told of its end.
  surface text not null default 'jobs',
  state text not null default 'waiting',
  -- 0 interactive, 1 background, 2 batch
  lane smallint not null,
  model text not null,
  -- Where it waits or runs now: the target with this index, its provider and its model.
  provider text not null,
  target_model text not null,
  target smallint not null default 0,
  -- Every ticket names the generation it was made for; a later generation makes it void.
  generation integer not null default 0,
  -- Calls made, which is also the fence: only the holder of the newest number may write a result.
  attempts integer not null default 0,
  -- Those of them that count towards max_attempts.
  tries integer not null default 0,
  max_attempts integer not null,
  hold_id text not null references holds (id),
  hold_nano bigint not null,
  input_tokens_bound integer not null,
  -- Input and output together: what one call may take of a provider's tokens per minute.
  tokens_bound integer not null,
  stream boolean not null default false,
  -- As what its end is told to webhooks: a job that was ordered as one, or a response; null when it only
  -- answers a call.
  announces text,
  webhook_url text,
  webhook_payload text not null default 'thin',
  metadata jsonb not null default '{}',
  run_at timestamptz not null default now(),
  -- How long it was given to end, from its first run_at on: that one moves when the job is requeued.
  expires_in_seconds double precision not null default 86400,
  deadline_at timestamptz not null,
  ticketed_at timestamptz,
  worker_id text,
  lease_until timestamptz,
  cancel_requested_at timestamptz,
  -- The id of the last event known to this row; the final event's id once the job is final.
  event_seq integer not null default 1,
  error jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint only_an_announced_end_has_a_webhook check (announces is not null or webhook_url is null),
  constraint announcement_is_known check (announces in ('job', 'response')),
  constraint job_state_is_known check (
    state in ('waiting', 'ticketed', 'running', 'succeeded', 'failed', 'cancelled', 'expired')
  ),
  constraint surface_is_known check (surface in ('jobs', 'chat', 'messages', 'responses', 'batches')),
  constraint lane_is_known check (lane between 0 and 2),
  constraint hold_share_is_never_negative check (hold_nano >= 0),
  constraint max_attempts_is_one_to_ten check (max_attempts between 1 and 10),
  constraint tries_are_attempts check (tries between 0 and attempts),
  constraint running_jobs_have_a_lease check ((state = 'running') = (lease_until is not null)),
  constraint final_jobs_say_when check (
    (state in ('succeeded', 'failed', 'cancelled', 'expired')) = (finished_at is not null)
  )
) with (fillfactor = 70);
-- Serves: the fair pick of each provider, one account and lane at a time.
create index jobs_waiting on jobs (provider, account_id, lane, run_at, id) where state = 'waiting';
-- Serves: the fair pick's count of what is already under way.
create index jobs_in_flight on jobs (provider, account_id, lane) where state in ('ticketed', 'running');
-- Serves: the limit on an account's unfinished jobs.
create index jobs_unfinished on jobs (account_id) where finished_at is null;
-- Serves: the reaper, leases first.
create index jobs_leased on jobs (lease_until) where state = 'running';
-- Serves: the reconciler, which looks for tickets that Redis lost.
create index jobs_ticketed on jobs (ticketed_at) where state = 'ticketed';
-- Serves: the reaper, deadlines.
create index jobs_deadlines on jobs (deadline_at) where state in ('waiting', 'ticketed', 'running');
-- Serves: the reaper, jobs that were asked to stop between two calls.
create index jobs_to_cancel on jobs (id) where cancel_requested_at is not null and state in ('waiting',
  'ticketed');
-- Serves: lists of one account, newest first.
create index jobs_of_account on jobs (account_id, id desc);
-- Serves: the lines of a batch.
create index jobs_of_batch on jobs (batch_id, id) where batch_id is not null;

-- What was asked, and what it may cost: the targets in the order they are tried, each with the prices fixed
-- at intake.
create table job_requests (
  job_id text primary key references jobs (id),
  request text not null,
  targets jsonb not null,
  -- What the client sent, on a surface that shows it again in its own shape.
  original text
);

-- What came of it: a chat completion as JSON text, byte for byte as it is returned.
create table job_results (
  job_id text primary key references jobs (id),
  result text not null
);

-- An attempt is one call to a provider, written before the call and closed after it. An attempt that nobody
-- closed is closed as unknown by the reaper: never forgotten, never free of record.
create table attempts (
  job_id text not null references jobs (id),
  number integer not null,
  provider text not null,
  model text not null,
  worker_id text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  outcome text not null default 'started',
  status integer,
  error text,
  usage jsonb,
  cost_nano bigint,
  primary key (job_id, number),
  constraint outcome_is_known check (outcome in ('started', 'succeeded', 'refused', 'failed', 'unknown')),
  constraint closed_attempts_say_when check ((outcome = 'started') = (ended_at is null))
) with (fillfactor = 80);
-- Serves: which models were called lately.
create index attempts_by_start on attempts (started_at);
