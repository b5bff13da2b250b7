#!/bin/sh
# Runs a balancer with a configuration, or only looks whether it would: balancer.sh nginx|haproxy CONFIG [check]
#
# In nginx' configuration `server NAME:PORT resolve ...;` stands for every address NAME has, now and later. nginx itself
# can do that from 1.27.3 on; for older ones this script writes the addresses out and has nginx read them anew.
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

# A name without an address has one that nobody is asked at: nginx demands one.
servers() {
  addresses=$(getent ahostsv4 "$1" | awk '{ print $1 }' | sort -u)
  for address in $addresses; do
    echo "        server $address:$2 $3;"
  done
  [ -n "$addresses" ] || echo "        server 127.0.0.1:9 down;"
}

written_out() {
  while IFS= read -r line; do
    case $line in
      *'server '*' resolve'*';')
        # Words, by intention: server NAME:PORT resolve MORE...
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
  written_out >"$now"
  nginx -c "$now" -g 'daemon off;' &
  pid=$!
  # QUIT lets running requests finish.
  trap 'kill -QUIT "$pid"' QUIT TERM INT
  while kill -0 "$pid" 2>/dev/null; do
    sleep "$seconds" &
    wait $! || true
    written_out >"$now.next"
    if ! cmp -s "$now" "$now.next"; then
      mv "$now.next" "$now"
      kill -HUP "$pid" 2>/dev/null || true
    fi
  done
  wait "$pid"
}

case $kind-$mode in
  nginx-check)
    written_out >"$work/check.conf"
    nginx -t -q -c "$work/check.conf"
    ;;
  nginx-run) run_nginx ;;
  haproxy-check) haproxy -c -q -f "$config" ;;
  haproxy-run)
    # USR1 lets running requests finish.
    exec haproxy -W -db -f "$config"
    ;;
  *) fail "give nginx or haproxy, a configuration, and perhaps: check" ;;
esac
