-- The run-time role: what the API and the workers may do. It can add to the ledger and read it, and nothing
-- else; the triggers of functions/refuse_change.sql hold for everybody. Where roles are managed by somebody
-- else and may not be created here, the owner's URL serves for both, and the triggers stand alone. What it
-- may execute is granted whenever functions have been created anew.
do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    create role gateway_runtime nologin;
  end if;
exception when insufficient_privilege or duplicate_object then
  raise notice 'role gateway_runtime was not created';
end $$;

do $$
begin
  if exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
    grant usage on schema public to gateway_runtime;
    grant select, insert, update, delete on all tables in schema public to gateway_runtime;
    revoke update, delete, truncate on entries, charges from gateway_runtime;
    grant usage on all sequences in schema public to gateway_runtime;
    alter default privileges in schema public grant select, insert, update,
      delete on tables to gateway_runtime;
    alter default privileges in schema public grant usage on sequences to gateway_runtime;
  end if;
end $$;
