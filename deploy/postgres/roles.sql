-- The run-time role: a member of gateway_runtime, which may add to the ledger and never change it.
create role gateway_runtime nologin;
create role gateway_app login password 'gateway_app' in role gateway_runtime;
