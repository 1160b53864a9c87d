#!/bin/sh
# The run-time role: a member of gateway_runtime, which may add to the ledger and never change it. Its password is made at the first start.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$(cat /secrets/gateway/database-password)" <<'SQL'
create role gateway_runtime nologin;
create role gateway_app login password :'password' in role gateway_runtime;
SQL
