#!/bin/sh
# Runs a balancer, or checks its configuration: balancer.sh nginx|haproxy CONFIG [check]
#
# In the configuration of nginx, `server NAME:PORT resolve ...;` means every address of NAME, now and later. nginx supports
# it since 1.27.3. For older versions this script replaces it by the addresses, and reloads nginx when they change.
set -eu

kind=$1
config=$2
mode=${3:-run}
work=${BALANCER_WORK:-/tmp}
seconds=${BALANCER_LOOK_SECONDS:-1}

fail() {
  echo "balancer.sh: $1" >&2
  exit 1
}

# nginx requires at least one server, so a name without an address gets one that is down.
servers() {
  addresses=$(getent ahostsv4 "$1" | awk '{ print $1 }' | sort -u)
  for address in $addresses; do
    echo "        server $address:$2 $3;"
  done
  [ -n "$addresses" ] || echo "        server 127.0.0.1:9 down;"
}

resolved() {
  while IFS= read -r line; do
    case $line in
      *'server '*' resolve'*';')
        # Split on purpose: server NAME:PORT resolve MORE...
        set -- ${line%;*}
        place=$2
        shift 3
        servers "${place%:*}" "${place##*:}" "$*"
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$config"
}

run_nginx() {
  now=$work/nginx.conf
  resolved >"$now"
  nginx -c "$now" -g 'daemon off;' &
  pid=$!
  # QUIT lets running requests finish.
  trap 'kill -QUIT "$pid"' QUIT TERM INT
  while kill -0 "$pid" 2>/dev/null; do
    sleep "$seconds" &
    wait $! || true
    resolved >"$now.next"
    if ! cmp -s "$now" "$now.next"; then
      mv "$now.next" "$now"
      kill -HUP "$pid" 2>/dev/null || true
    fi
  done
  wait "$pid"
}

case $kind-$mode in
  nginx-check)
    resolved >"$work/check.conf"
    nginx -t -q -c "$work/check.conf"
    ;;
  nginx-run) run_nginx ;;
  haproxy-check) haproxy -c -q -f "$config" ;;
  haproxy-run)
    # USR1 lets running requests finish.
    exec haproxy -W -db -f "$config"
    ;;
  *) fail 'usage: balancer.sh nginx|haproxy CONFIG [check]' ;;
esac
