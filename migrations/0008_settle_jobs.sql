-- How a job ended. `fence` is the attempt that ended it, or null when the job ends without running.
create type job_ending as (
  ord integer,
  job_id text,
  account_id text,
  fence integer,
  state text,
  error jsonb,
  event_seq integer,
  finished_at timestamptz,
  charge_nano bigint,
  overrun_nano bigint,
  estimated boolean,
  provider text,
  model text,
  price_version text,
  prompt_tokens bigint,
  completion_tokens bigint,
  cached_tokens bigint,
  cache_write_tokens bigint,
  reasoning_tokens bigint,
  attempt_outcome text,
  attempt_status integer,
  attempt_error text,
  attempt_usage jsonb,
  attempt_cost_nano bigint,
  event_id text,
  event_type text,
  event_body text,
  webhook_url text
);

-- How a running job is requeued for another call (functions/put_back_jobs.sql).
create type job_return as (
  ord integer,
  job_id text,
  fence integer,
  provider text,
  target_model text,
  target smallint,
  delay_ms double precision,
  counts boolean,
  event_seq integer,
  attempt_outcome text,
  attempt_status integer,
  attempt_error text,
  attempt_usage jsonb,
  attempt_cost_nano bigint
);
