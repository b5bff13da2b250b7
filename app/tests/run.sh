#!/bin/sh
# Runs the tests of the Counter app, the voting app and the balancers against a real Redis, PostgreSQL, gunicorn, nginx and
# HAProxy on loopback. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin # where Debian puts nginx
python=${PYTHON:-/usr/bin/python3}

missing=
for module in pytest xdist flask redis gunicorn psycopg2; do
  "$python" -c "import $module" 2>/dev/null || missing="$missing $module"
done
for program in curl redis-server redis-cli nginx haproxy; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
if [ -n "$missing" ]; then
  echo "The app's tests need what is missing here:$missing. On Debian or Ubuntu:" >&2
  echo "  apt-get install --no-install-recommends python3-pytest python3-pytest-xdist python3-flask python3-redis gunicorn curl \\" >&2
  echo "    python3-psycopg2 redis-server nginx-light haproxy postgresql" >&2
  exit 1
fi

PYTHONDONTWRITEBYTECODE=1 exec "$python" -m pytest -q -p no:cacheprovider -n 3 --dist loadfile app/tests "$@"
