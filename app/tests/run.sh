#!/bin/sh
# Runs the Counter app's tests against a real Redis, gunicorn and nginx on loopback. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin # where Debian puts nginx
python=${PYTHON:-/usr/bin/python3}

missing=
for module in pytest flask redis gunicorn; do
  "$python" -c "import $module" 2>/dev/null || missing="$missing $module"
done
for program in redis-server redis-cli nginx; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
  echo "The app's tests need what is missing here:$missing. On Debian or Ubuntu:" >&2
  echo "  apt-get install --no-install-recommends python3-pytest python3-flask python3-redis gunicorn \\" >&2
  echo "    redis-server nginx-light" >&2
  exit 1
fi

PYTHONDONTWRITEBYTECODE=1 exec "$python" -m pytest -q -p no:cacheprovider app/tests "$@"
