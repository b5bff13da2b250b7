#!/bin/sh
# Has this replica started? Asked in its container by Docker's health check, with what the image has to ask with.
# /health/started, not /health: a Redis outage must not get good replicas killed.
set -eu
url="http://127.0.0.1:${PORT:-8080}/health/started"

if command -v curl >/dev/null; then
  exec curl -fsS --noproxy '*' --max-time "${HEALTH_SECONDS:-2}" -o /dev/null "$url"
fi
# Without urllib, whose modules take longer to load than the answer to come: this runs every few seconds in each replica.
exec python3 -I -S -c '
import socket, sys
port, seconds = int(sys.argv[1]), float(sys.argv[2])
with socket.create_connection(("127.0.0.1", port), seconds) as replica:
    replica.sendall(b"GET /health/started HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    status = replica.makefile("rb").readline().split()[1:2]
sys.exit(status != [b"200"])
' "${PORT:-8080}" "${HEALTH_SECONDS:-2}"
