-- A webhook endpoint is a URL of an account that is told about every event of the types it listens to. What
-- is owed to it are deliveries like any other. One that was deleted stays as a row while deliveries name it.
create table webhook_endpoints (
  id text primary key,
  account_id text not null references accounts (id),
  name text not null,
  url text not null,
  event_types text[] not null,
  state text not null default 'enabled',
  -- Why it is disabled: `gone` (it answered 410), `failing` (for days), or `requested` by its account.
  disabled_reason text,
  disabled_at timestamptz,
  -- Sealed; the one before signs along until its time is over.
  secret bytea not null,
  secret_hint text not null,
  secret_previous bytea,
  secret_previous_until timestamptz,
  -- Failures since its last success, and since when there was nothing else.
  failures integer not null default 0,
  failing_since timestamptz,
  -- While set, the endpoint is only probed: by one delivery, not before this time. Each probe that fails
  -- waits longer.
  probe_at timestamptz,
  probe_seconds integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz,
  constraint endpoint_state_is_known check (state in ('enabled', 'disabled', 'deleted')),
  constraint disabled_endpoints_say_why check (
    state = 'deleted' or (state = 'disabled') = (disabled_reason is not null and disabled_at is not null)
  ),
  constraint disabled_reason_is_known check (disabled_reason in ('gone', 'failing', 'requested')),
  constraint endpoints_listen_to_something check (cardinality(event_types) > 0),
  constraint a_probed_endpoint_has_a_wait check ((probe_at is null) = (probe_seconds is null))
) with (fillfactor = 80);
-- Serves: who is told about an event, and lists of one account, newest first.
create index webhook_endpoints_of_account on webhook_endpoints (account_id, id desc) where state <> 'deleted';
-- Serves: holding what is still pending for endpoints that take nothing.
create index webhook_endpoints_at_rest on webhook_endpoints (id) where state <> 'enabled';

-- Serves: lists of one endpoint, newest first.
create index deliveries_of_endpoint on deliveries (endpoint_id, id desc) where endpoint_id is not null;
-- Serves: recovering what an endpoint has not had, oldest first.
create index deliveries_to_recover on deliveries (endpoint_id, created_at, id)
  where endpoint_id is not null and state in ('exhausted', 'held');

-- A request to send an endpoint again what it has not had since a time. Done in pages, each with the cursor
-- it came to in one transaction: whoever dies on the way, another goes on, and nothing is sent twice for one
-- request.
create table webhook_recoveries (
  id text primary key,
  account_id text not null references accounts (id),
  endpoint_id text not null references webhook_endpoints (id),
  since timestamptz not null,
  created_at timestamptz not null default now(),
  -- The last delivery that was looked at.
  reached_at timestamptz not null,
  reached_id text not null default '',
  recovered integer not null default 0,
  done_at timestamptz
);
-- Serves: the next page.
create index webhook_recoveries_open on webhook_recoveries (id) where done_at is null;

-- An event that webhooks tell: `object_id` is the job, batch or response it is about, `body` its bytes as
-- they will be sent, and `own_url` a URL of the object's own, or null.
create type owed_event as (
  account_id text,
  event_id text,
  event_type text,
  object_id text,
  body text,
  own_url text
);
