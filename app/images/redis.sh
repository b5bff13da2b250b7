#!/bin/sh
# Runs a Redis process of the Counter's stack in a container; the password comes from a file: redis.sh ROLE
#
#   server          a standalone server, or the master of fixed replicas
#   replica HOST    a fixed replica of HOST
#   managed         a server that Sentinels monitor: each may become the master
#   sentinel        a Sentinel
#   cluster         a node of a Redis Cluster
#   health ROLE     health check: 0 if the process in this container works as its role requires
#   status          prints the role of this process, in one line
#
# A container gets a new address at each start, so addresses are not stored. Servers are found by name, and exchange
# addresses: a name of a stopped container does not resolve.
#
# REDIS_PEERS      the servers: NAME[:PORT] ...            (managed, sentinel, cluster)
# REDIS_SENTINELS  the Sentinels, in the same format       (managed, sentinel)
# REDIS_NAME       name of this process among them         (managed, sentinel)
# REDIS_LOOK_SECONDS, REDIS_ANSWER_SECONDS   interval between checks (1); timeout of a reply (2)
set -eu

port=${REDIS_PORT:-6379}
run=${REDIS_RUN:-/tmp}
data=${REDIS_DATA:-/var/lib/redis}
master_name=${REDIS_MASTER_NAME:-counter}
pause=${REDIS_LOOK_SECONDS:-1}
# Checks after which a cold start goes on without the missing servers, if a majority is there.
patience=${REDIS_PATIENCE_SECONDS:-60}
# The master of a server that has none: nothing listens there.
NOBODY=127.0.0.1 NOWHERE=1

password=
[ ! -r "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}" ] || password=$(cat "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}")

say() { echo "redis.sh: $1" >&2; }

# The timeout is for addresses that are gone: they do not refuse connections. The password is not in argv.
ask() {
  host=$1 at=$2
  shift 2
  REDISCLI_AUTH=$password timeout "${REDIS_ANSWER_SECONDS:-2}" redis-cli --raw -h "$host" -p "$at" "$@" 2>/dev/null
}
own() { ask 127.0.0.1 "$port" "$@"; }

name_of() { echo "${1%:*}"; }
port_of() { case $1 in *:*) echo "${1##*:}" ;; *) echo "$2" ;; esac; }
# Empty in a container without a name in the stack's network.
address_of() { getent hosts "$1" 2>/dev/null | awk '$1 !~ /:/ { print $1; exit }'; }
own_address() { if [ -n "${REDIS_ANNOUNCE_IP:-}" ]; then echo "$REDIS_ANNOUNCE_IP"; else address_of "$(hostname)"; fi; }
# A field of INFO. Starts no process, since it runs every second beside each server.
newline='
'
return=$(printf '\r')
field() {
  case $newline$1 in *"$newline$2:"*) ;; *) return 0 ;; esac
  value=$newline$1
  value=${value#*"$newline$2:"}
  value=${value%%"$newline"*}
  printf '%s\n' "${value%"$return"}"
}
is_master() { [ "$(ask "$1" "$2" role | head -n 1)" = master ]; }

# The addresses of all other servers, as lines "ADDRESS PORT".
others() {
  for peer in ${REDIS_PEERS:-}; do
    [ "$(name_of "$peer")" != "${REDIS_NAME:-}" ] && [ "$peer" != "${REDIS_NAME:-}" ] || continue
    address=$(address_of "$(name_of "$peer")")
    [ -z "$address" ] || echo "$address $(port_of "$peer" 6379)"
  done
}

# Prints "ADDRESS PORT" of a master that answers as one: from the Sentinels, or else from the servers.
find_master() {
  for sentinel in ${REDIS_SENTINELS:-}; do
    # Two lines: address, port.
    # shellcheck disable=SC2046
    set -- $(ask "$(name_of "$sentinel")" "$(port_of "$sentinel" 26379)" sentinel get-master-addr-by-name "$master_name")
    if [ $# -eq 2 ] && is_master "$1" "$2"; then
      echo "$1 $2"
      return
    fi
  done
  masters=$(others | while read -r address at; do if is_master "$address" "$at"; then echo "$address $at"; fi; done)
  # If there are two masters, the Sentinels demote one.
  [ "$(printf '%s' "$masters" | grep -c .)" -eq 1 ] || return 1
  echo "$masters"
}

# The age of the data of a server without a master: "TERM BEAT FORMER-MASTER KEYS", larger is newer. Fails for any
# other server.
age_of() {
  info=$(ask "$1" "$2" info replication) || return 1
  [ "$(field "$info" master_host):$(field "$info" master_port)" = "$NOBODY:$NOWHERE" ] || return 1
  life=$(ask "$1" "$2" hmget labbook:life term beat) || return 1
  life=$(printf '%s' "$life" | tr '\n' ' ')
  keys=$(ask "$1" "$2" dbsize) || return 1
  # A server that still loads its file replies with an error: the age of its data is unknown.
  case $life$keys in *[!0-9\ ]*) return 1 ;; esac
  former=$((100 - $(field "$info" slave_priority)))
  # shellcheck disable=SC2086 # words, by intention
  set -- $keys ${life:-}
  echo "${2:-0} ${3:-0} $former ${1:-0}"
}

# After all servers started at once, no server knows the master: the one with the newest data becomes master. All agree,
# since there are no writes meanwhile. If servers stay away, a majority goes on: a write that a replica confirmed is on one
# of them.
be_elected() {
  waited=$1
  ages='' present=0 wanted=0 rank=0
  for peer in $REDIS_PEERS; do
    wanted=$((wanted + 1)) rank=$((rank - 1))
    if [ "$(name_of "$peer")" = "$REDIS_NAME" ] || [ "$peer" = "$REDIS_NAME" ]; then
      age=$(age_of 127.0.0.1 "$port") || return 1
    else
      age=$(age_of "$(name_of "$peer")" "$(port_of "$peer" 6379)") || continue
    fi
    present=$((present + 1))
    ages="$ages$age $rank $peer
"
  done
  [ "$present" -eq "$wanted" ] || { [ "$waited" -ge "$patience" ] && [ $((present * 2)) -gt "$wanted" ]; } || return 1
  best=$(printf '%s' "$ages" | sort -k1,1nr -k2,2nr -k3,3nr -k4,4nr -k5,5nr | awk '{ print $6; exit }')
  [ "$(name_of "$best")" = "$REDIS_NAME" ] || [ "$best" = "$REDIS_NAME" ] || return 1
  say "no master anywhere; this server has the newest data of $present, and becomes master"
  own replicaof no one >/dev/null
}

# Runs beside a server. A new master starts a new term and counts its checks in the data itself. So after all servers were
# stopped, the newest data can be found. Beside a managed server it also finds the master.
tend() {
  role=$1 was='' waited=0
  while sleep "$pause"; do
    info=$(own info replication) || continue
    if [ "$(field "$info" role)" = master ]; then
      waited=0
      if [ "$was" = master ]; then
        own hincrby labbook:life beat 1 >/dev/null || true
      # Refused while min-replicas-to-write is not met, like every write.
      elif own hincrby labbook:life term 1 | grep -q '^[0-9]'; then
        was=master
        : >"$data/was-master"
      fi
      continue
    fi
    was=''
    [ "$role" = managed ] || continue
    if [ "$(field "$info" master_link_status)" = up ]; then
      waited=0
      [ ! -e "$data/was-master" ] || { rm -f "$data/was-master" && own config set replica-priority 100 >/dev/null; } || true
      continue
    fi
    waited=$((waited + 1))
    if master=$(find_master); then
      # shellcheck disable=SC2086 # two words
      [ "$(field "$info" master_host) $(field "$info" master_port)" = "$master" ] || { say "the master is $master" && own replicaof $master >/dev/null; } || true
    elif [ "$(field "$info" master_host):$(field "$info" master_port)" = "$NOBODY:$NOWHERE" ]; then
      be_elected "$waited" || true
    elif [ "$waited" -ge $((patience / 2)) ]; then
      # The master is gone and no Sentinel knows another: proceed as in a cold start.
      own replicaof "$NOBODY" "$NOWHERE" >/dev/null || true
      waited=0
    fi
  done
}

# Redis (7.0, 8.x) learns the new address of its master from other nodes, but replicates from the old one, which another
# node of the cluster may have by now (redis#14633). A second CLUSTER REPLICATE corrects it.
follow_master() {
  case $1 in *myself,slave*) ;; *) return 0 ;; esac
  # shellcheck disable=SC2046 # words, by intention
  set -- $(printf '%s\n' "$1" | awk '{ sub(/@.*/, "", $2); at[$1] = $2 } $3 ~ /myself/ { id = $4 } END { print id, at[id] }')
  master=${1:-} at=${2:-}
  case $at in '' | :*) return 0 ;; esac
  info=$(own info replication) || return 0
  [ "$(field "$info" master_host):$(field "$info" master_port)" != "$at" ] || return 0
  say "the master is at $at"
  own cluster replicate "$master" >/dev/null || true
}

# Nodes find each other again after all addresses have changed.
tend_cluster() {
  while sleep "$pause"; do
    nodes=$(own cluster nodes) || continue
    follow_master "$nodes"
    # Not in a cluster yet: "redis-admin.sh form" creates it.
    case $nodes in *"$newline"*) ;; *) continue ;; esac
    case $nodes in *fail* | *noaddr* | *disconnected*) ;; *) continue ;; esac
    for peer in $REDIS_PEERS; do
      address=$(address_of "$(name_of "$peer")")
      at=$(port_of "$peer" 6379)
      [ -n "$address" ] || continue
      case $nodes in *" $address:$at@"*) ;; *) own cluster meet "$address" "$at" >/dev/null || true ;; esac
    done
  done
}

# A value in double quotes, for a configuration file.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# In memory, readable only for this user.
configure() {
  umask 077
  {
    echo "include ${REDIS_CONFIG:-/etc/redis/counter.conf}"
    echo "port $port"
    echo "dir $data"
    echo "appendfsync ${REDIS_APPENDFSYNC:-everysec}"
    echo "min-replicas-to-write ${REDIS_MIN_REPLICAS_TO_WRITE:-0}"
    echo 'min-replicas-max-lag 10'
    if [ -n "$password" ]; then
      printf "%s\n" "requirepass $(quoted "$password")"
      printf "%s\n" "masterauth $(quoted "$password")"
    fi
    for line in "$@"; do echo "$line"; done
  } >"$run/redis.conf"
}

start_sentinel() {
  # With the same ID after each restart it remains the same Sentinel. A new ID would raise the majority.
  identity=$(printf 'sentinel %s' "$REDIS_NAME" | sha1sum | cut -c1-40)
  until master=$(find_master); do
    [ -e "$run/waits" ] || say 'waiting for a master'
    : >"$run/waits"
    sleep "$pause"
  done
  rm -f "$run/waits"
  umask 077
  {
    echo "port ${REDIS_PORT:-26379}"
    echo 'protected-mode no'
    echo "dir $run"
    echo "sentinel myid $identity"
    echo "sentinel announce-ip $(own_address)"
    echo "sentinel monitor $master_name $master 2"
    echo "sentinel down-after-milliseconds $master_name ${REDIS_DOWN_AFTER_MS:-5000}"
    echo "sentinel failover-timeout $master_name 30000"
    if [ -n "$password" ]; then
      printf "%s\n" "requirepass $(quoted "$password")"
      printf "%s\n" "sentinel sentinel-pass $(quoted "$password")"
      printf "%s\n" "sentinel auth-pass $master_name $(quoted "$password")"
    fi
  } >"$run/sentinel.conf"
  exec redis-server "$run/sentinel.conf" --sentinel
}

# A replica without its master for this long is unhealthy, so that Docker restarts it. Sooner would not help: the master is
# missing.
LINK_SECONDS=120

healthy_link() {
  [ "$(field "$1" master_link_status)" = up ] && return
  down=$(field "$1" master_link_down_since_seconds)
  [ "${down:--1}" -ge 0 ] || down=$(field "$1" uptime_in_seconds)
  [ "$down" -lt "$LINK_SECONDS" ]
}

health() {
  if [ "$1" = sentinel ]; then
    port=${REDIS_PORT:-26379}
    known=$(own sentinel master "$master_name") || return 1
    flags=$(printf '%s\n' "$known" | awk 'last == "flags" { print; exit } { last = $0 }')
    case $flags in
      '') return 1 ;;
      *down*)
        # It monitors an address without a master while another server is the master: a restart finds it.
        REDIS_SENTINELS='' find_master >/dev/null && return 1 || return 0 ;;
      *) return 0 ;;
    esac
  fi
  # redis-cli also exits with 0 on an error reply, so the reply is compared.
  info=$(own info) || return 1
  [ "$(field "$info" loading)" = 0 ] || return 1
  case $1-$(field "$info" role) in
    server-master | managed-master | cluster-master) return 0 ;;
    replica-slave | managed-slave | cluster-slave) healthy_link "$info" ;;
    *) return 1 ;;
  esac
}

status() {
  if info=$(own info) && [ -n "$(field "$info" role)" ]; then
    case $(field "$info" role) in
      master) echo "master, $(field "$info" connected_slaves) replicas$([ "$(field "$info" cluster_enabled)" = 0 ] || echo ", slots $(own cluster nodes | awk '/myself/ { for (i = 9; i <= NF; i++) printf "%s%s", (i > 9 ? "," : ""), $i }')")" ;;
      *) echo "replica of $(field "$info" master_host), link $(field "$info" master_link_status)" ;;
    esac
    return
  fi
  port=26379
  # shellcheck disable=SC2046
  set -- $(own sentinel get-master-addr-by-name "$master_name")
  [ $# -eq 2 ] || return 1
  echo "Sentinel, master $1, $(own sentinel ckquorum "$master_name")"
}

case ${1:-} in
  server)
    configure
    tend server &
    ;;
  replica) configure "replicaof $2 6379" ;;
  managed)
    priority=100
    [ ! -e "$data/was-master" ] || priority=99
    address=$(own_address)
    configure "replicaof $NOBODY $NOWHERE" "replica-priority $priority" "replica-announce-ip $address" "replica-announce-port $port"
    tend managed &
    ;;
  sentinel) start_sentinel ;;
  cluster)
    configure 'cluster-enabled yes' 'cluster-config-file nodes.conf' 'cluster-node-timeout 5000' "cluster-announce-ip $(own_address)" \
      'cluster-require-full-coverage no' 'cluster-allow-replica-migration no'
    tend_cluster &
    ;;
  health)
    health "$2"
    exit
    ;;
  status)
    status
    exit
    ;;
  *)
    say 'usage: redis.sh server|replica HOST|managed|sentinel|cluster|health ROLE|status'
    exit 1
    ;;
esac
exec redis-server "$run/redis.conf"
