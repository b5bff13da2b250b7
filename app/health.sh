#!/bin/sh
# Has this replica started? Asked in its container by Docker's health check, with what the image has to ask with.
# /health/started, not /health: a Redis outage must not get good replicas killed.
set -eu
url="http://127.0.0.1:${PORT:-8080}/health/started"

if command -v curl >/dev/null; then
  exec curl -fsS --noproxy '*' --max-time "${HEALTH_SECONDS:-2}" -o /dev/null "$url"
fi
# No handler for proxies: the replica is on this machine.
exec python3 -c '
import sys
from urllib.request import ProxyHandler, build_opener

build_opener(ProxyHandler({})).open(sys.argv[1], timeout=float(sys.argv[2])).close()
' "$url" "${HEALTH_SECONDS:-2}"
