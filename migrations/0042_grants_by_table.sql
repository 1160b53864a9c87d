-- What the run-time role may do, table by table, where that is less than everything: it keeps evidence and
-- cannot rewrite it. It takes no row away of what a job, a payment or a delivery was; it reads which
-- migrations ran; of a key it can set that it is revoked, and not what it may do.
do $$
begin
  if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    revoke delete, truncate on
      accounts, balances, holds, attempts, jobs, batches, deliveries, delivery_attempts,
      webhook_endpoints, webhook_recoveries, installation
      from gateway_runtime;
    revoke update, delete, truncate on overruns, api_keys from gateway_runtime;
    grant update (revoked_at) on api_keys to gateway_runtime;
    revoke insert, update, delete, truncate on schema_migrations from gateway_runtime;
  end if;
end $$;
