#!/bin/sh
# Runs once, when the database is made: the run-time role, which can add to the ledger and never change it. The migrations
# grant to gateway_runtime what it may do.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$APP_DB_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
create role gateway_runtime nologin;
create role gateway_app login password :'password' in role gateway_runtime;
SQL
