-- When a page of a recovery was last done: recoveries take turns of accounts, so that one account's million
-- of deliveries is not in front of everybody's.
alter table webhook_recoveries add column paged_at timestamptz;
-- Serves: when each account last had its turn.
create index webhook_recoveries_by_turn on webhook_recoveries (account_id, paged_at);
