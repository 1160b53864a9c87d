#!/bin/sh
# Makes the secrets of a `docker compose` installation at its first start, each once, in the volume of those that need it. A secret that is
# there is left alone.
set -eu
umask 022
base="${SECRETS_DIR:-/secrets}"

random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# keep FILE TEXT: writes a file unless it is there, whole or not at all.
keep() {
  [ -s "$1" ] && return
  printf '%s' "$2" > "$1.new"
  mv "$1.new" "$1"
}

keep "$base"/owner/password "$(random)"
keep "$base"/owner/url "postgres://gateway_owner:$(cat "$base"/owner/password)@postgres:5432/gateway"
keep "$base"/gateway/database-password "$(random)"
keep "$base"/gateway/database-url "postgres://gateway_app:$(cat "$base"/gateway/database-password)@postgres:5432/gateway"
keep "$base"/gateway/admin-api-key "admin_$(random)"
keep "$base"/gateway/jwt-secret "$(random)"
keep "$base"/gateway/secrets-key "$(random)"
keep "$base"/metrics/token "$(random)"
keep "$base"/grafana/password "$(random)"
