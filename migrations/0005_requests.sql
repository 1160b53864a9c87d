-- The first answer to a POST that carried an Idempotency-Key: the same key with the same fingerprint (method,
-- path and body) gets these bytes again. Only successes are kept.
create table idempotency_keys (
  account_id text not null,
  key text not null,
  fingerprint text not null,
  status integer not null,
  reply text not null,
  location text,
  created_at timestamptz not null default now(),
  primary key (account_id, key)
);
-- Serves: the sweep of old keys.
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- A worker process and how many calls it can make at once; the dispatcher sizes its window by the ones seen
-- lately.
create table workers (
  id text primary key,
  concurrency integer not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

-- Facts of the whole installation, such as the epoch that tells whether Redis lost its data.
create table installation (
  key text primary key,
  value text not null
);

-- Providers the operator has paused.
create table paused_providers (
  name text primary key,
  paused_at timestamptz not null default now()
);

-- Who plays a role that one process at a time should play, and until when unless it renews.
create unlogged table leaders (
  role text primary key,
  holder text not null,
  until timestamptz not null
);
