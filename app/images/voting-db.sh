#!/bin/sh
# Starts the voting app's PostgreSQL; makes its database first, where there is none.
set -eu

# Debian keeps each version's programs in a folder of its own.
for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done
home=${PGHOME:-/var/lib/postgresql}
data=$home/voting
sockets=${PGSOCKETS:-/tmp}

if [ ! -e "$data" ]; then
  # Made aside: what was cut off halfway is begun again.
  rm -rf "$data.new"
  auth=trust # over the stack's own network alone; a secret with a password says otherwise
  set --
  if [ -n "${DB_PASSWORD_FILE:-}" ]; then
    auth=scram-sha-256
    set -- --pwfile="$DB_PASSWORD_FILE"
  fi
  initdb --pgdata="$data.new" --username=voting --encoding=UTF8 --locale=C --auth-local=trust --auth-host="$auth" "$@" >/dev/null
  echo "host all all all $auth" >>"$data.new/pg_hba.conf"
  echo 'CREATE DATABASE voting' | postgres --single -D "$data.new" postgres >/dev/null
  mv "$data.new" "$data"
fi

# What a container that was killed left behind: its process number may be someone else's here.
rm -f "$data/postmaster.pid"
exec postgres -D "$data" -p "${PGPORT:-5432}" -c "listen_addresses=${PGLISTEN:-*}" -c "unix_socket_directories=$sockets" \
  -c jit=off -c shared_buffers=16MB -c max_connections=50 -c log_min_messages=warning
