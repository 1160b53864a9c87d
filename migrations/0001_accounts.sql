-- An account is a tenant: it owns jobs and money. Its settings change rarely and are read by every request.
create table accounts (
  id text primary key,
  name text not null,
  paused boolean not null default false,
  weight integer not null default 1,
  max_concurrency integer,
  max_queue_depth integer,
  requests_per_minute integer,
  default_max_output_tokens integer,
  webhook_secret bytea,
  webhook_secret_previous bytea,
  webhook_secret_previous_until timestamptz,
  created_at timestamptz not null default now(),
  constraint account_id_is_short_and_plain check (id ~ '^[A-Za-z0-9._:@|-]{1,255}$'),
  constraint weight_is_at_least_one check (weight between 1 and 1000),
  constraint max_concurrency_is_positive check (max_concurrency > 0),
  constraint max_queue_depth_is_positive check (max_queue_depth > 0),
  constraint requests_per_minute_is_positive check (requests_per_minute > 0)
);

-- The two balances of an account, apart from its settings: the one row that every hold and charge of the
-- account locks. Half of each page stays free, so that updates never touch an index.
create table balances (
  account_id text primary key references accounts (id),
  available_nano bigint not null default 0,
  held_nano bigint not null default 0,
  constraint available_is_never_negative check (available_nano >= 0),
  constraint held_is_never_negative check (held_nano >= 0)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- A credential of an account. Only the SHA-256 of the secret is kept.
create table api_keys (
  id text primary key,
  account_id text references accounts (id),
  secret_sha256 bytea not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint scopes_are_known check (scopes <@ array['jobs', 'read', 'admin'] and cardinality(scopes) > 0)
);
-- Serves: the keys of one account, newest first.
create index api_keys_of_account on api_keys (account_id, created_at desc);
