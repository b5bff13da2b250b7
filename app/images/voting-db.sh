#!/bin/sh
# Starts PostgreSQL of the voting app, and creates its database before the first start.
set -eu

# Debian has a directory of programs per version.
for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done
home=${PGHOME:-/var/lib/postgresql}
data=$home/voting
sockets=${PGSOCKETS:-/tmp}

if [ ! -e "$data" ]; then
  # Created aside, so that an interrupted initdb starts again.
  rm -rf "$data.new"
  auth=trust # only the stack's network reaches it; with a password: scram-sha-256
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

# Left by a killed container: here another process may have this pid.
rm -f "$data/postmaster.pid"
exec postgres -D "$data" -p "${PGPORT:-5432}" -c "listen_addresses=${PGLISTEN:-*}" -c "unix_socket_directories=$sockets" \
  -c jit=off -c shared_buffers=16MB -c max_connections=50 -c log_min_messages=warning
