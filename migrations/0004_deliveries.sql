-- A delivery is one webhook owed to an account, written in the transaction that made it owed. Its body is
-- frozen: every try and every replay sends these bytes under this event id.
create table deliveries (
  id text primary key,
  account_id text not null references accounts (id),
  event_id text not null,
  event_type text not null,
  job_id text,
  batch_id text,
  endpoint_id text,
  url text not null,
  body text not null,
  state text not null default 'pending',
  tries integer not null default 0,
  -- Tries made before the last replay: the schedule begins anew there.
  tries_before integer not null default 0,
  next_attempt_at timestamptz default now(),
  lease_token text,
  lease_until timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint delivery_state_is_known check (state in ('pending', 'delivered', 'exhausted', 'held')),
  constraint pending_deliveries_have_a_next_try check ((state = 'pending') = (next_attempt_at is not null)),
  constraint a_lease_has_a_token check ((lease_token is null) = (lease_until is null))
) with (fillfactor = 80);
-- Serves: lists of one account, newest first.
create index deliveries_of_account on deliveries (account_id, id desc);
create index deliveries_of_job on deliveries (job_id) where job_id is not null;

-- One POST of one delivery. Written before it is sent; a row nobody closed is shown as unknown.
create table delivery_attempts (
  delivery_id text not null references deliveries (id),
  number integer not null,
  at timestamptz not null default now(),
  status_code integer,
  error text,
  duration_ms integer,
  remote_ip text,
  outcome text not null default 'started',
  primary key (delivery_id, number),
  constraint delivery_outcome_is_known check (
    outcome in ('started', 'delivered', 'failed', 'blocked', 'unknown')
  )
);
