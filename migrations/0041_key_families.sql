-- A key knows the one that made it: it ends no later, and is revoked with it.
alter table api_keys add column parent_id text references api_keys (id);
-- Serves: revoking a key with what it made.
create index api_keys_by_parent on api_keys (parent_id) where parent_id is not null;
