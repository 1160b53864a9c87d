-- Who a delivery goes to: the endpoint, or the host of a job's own URL (after `//`, so that no host is taken
-- for an endpoint). The claim goes round all receivers that have something pending: however much waits for
-- one that does not answer, the others' next delivery is one step away in the index.
alter table deliveries add column receiver text generated always as (
  coalesce(endpoint_id, '//' || lower(split_part(split_part(split_part(url, '/', 3), '?', 1), '#', 1)))
) stored;
-- Serves: the delivery worker's claim, receiver by receiver, earliest due first.
create index deliveries_due_by_receiver on deliveries (receiver, next_attempt_at, id) where state = 'pending';
