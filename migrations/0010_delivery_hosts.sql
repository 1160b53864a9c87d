-- The host a delivery goes to, so that the claim can go round all hosts that have something due: however much waits for
-- one that does not answer, the others' next delivery is one step away in the index.
alter table deliveries add column host text generated always as (
  lower(split_part(split_part(split_part(url, '/', 3), '?', 1), '#', 1))
) stored;
-- Serves: the delivery worker's claim, host by host, earliest due first.
create index deliveries_due_by_host on deliveries (host, next_attempt_at) where state = 'pending';
drop index deliveries_due;
