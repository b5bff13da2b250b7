#!/bin/sh
# Runs one Redis process of the Counter's stack, in a container that knows its password from a file: redis.sh ROLE
#
#   server          stands alone, or is the master of fixed replicas
#   replica HOST    a fixed replica of HOST
#   managed         one of the servers that Sentinels look after: any of them may be the master
#   sentinel        a Sentinel
#   cluster         a node of a Redis Cluster
#   health ROLE     for Docker: 0 if the process in this container does what its role asks for
#   tell            what this process is, in a line
#
# A container has another address each time it starts, so nothing that is kept from the last time says where the others are.
# Names are for finding them; what they tell each other are addresses, which do not vanish while they are needed.
#
# REDIS_PEERS      the servers: NAME[:PORT] ...            (managed, sentinel, cluster)
# REDIS_SENTINELS  the Sentinels, written the same way     (managed, sentinel)
# REDIS_NAME       of this process among them              (managed, sentinel)
# REDIS_LOOK_SECONDS, REDIS_ANSWER_SECONDS   between looks at itself (1); how long an answer is waited for (2)
set -eu

port=${REDIS_PORT:-6379}
run=${REDIS_RUN:-/tmp}
data=${REDIS_DATA:-/var/lib/redis}
master_name=${REDIS_MASTER_NAME:-counter}
pause=${REDIS_LOOK_SECONDS:-1}
# A cold start waits so many looks for the last of the servers before the others go on without it.
patience=${REDIS_PATIENCE_SECONDS:-60}
# The master of a server that has none: nobody listens there.
NOBODY=127.0.0.1 NOWHERE=1

password=
[ ! -r "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}" ] || password=$(cat "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}")

say() { echo "redis.sh: $1" >&2; }

# An address that has vanished does not refuse, it is silent: nobody is waited for longer than this. Never in argv: the password.
ask() {
  host=$1 at=$2
  shift 2
  REDISCLI_AUTH=$password timeout "${REDIS_ANSWER_SECONDS:-2}" redis-cli --raw -h "$host" -p "$at" "$@" 2>/dev/null
}
own() { ask 127.0.0.1 "$port" "$@"; }

name_of() { echo "${1%:*}"; }
port_of() { case $1 in *:*) echo "${1##*:}" ;; *) echo "$2" ;; esac; }
# In a container without its name in the stack's network, as at a try on one machine, loopback it is.
address_of() { getent hosts "$1" 2>/dev/null | awk '$1 !~ /:/ { print $1; exit }'; }
own_address() { if [ -n "${REDIS_ANNOUNCE_IP:-}" ]; then echo "$REDIS_ANNOUNCE_IP"; else address_of "$(hostname)"; fi; }
# A field of what INFO tells. Without another program: it is asked each second, beside each server.
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

# The addresses of all servers but for this one, as "ADDRESS PORT" lines.
others() {
  for peer in ${REDIS_PEERS:-}; do
    [ "$(name_of "$peer")" != "${REDIS_NAME:-}" ] && [ "$peer" != "${REDIS_NAME:-}" ] || continue
    address=$(address_of "$(name_of "$peer")")
    [ -z "$address" ] || echo "$address $(port_of "$peer" 6379)"
  done
}

# Who is master, and answers as one: "ADDRESS PORT". The Sentinels are asked first; with none of them there, the servers.
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
  # Two masters are for the Sentinels to sort out.
  [ "$(printf '%s' "$masters" | grep -c .)" -eq 1 ] || return 1
  echo "$masters"
}

# How new the data of a server without a master is: "TERM BEAT FORMER-MASTER KEYS", each the larger the better. Fails for any other.
age_of() {
  info=$(ask "$1" "$2" info replication) || return 1
  [ "$(field "$info" master_host):$(field "$info" master_port)" = "$NOBODY:$NOWHERE" ] || return 1
  life=$(ask "$1" "$2" hmget labbook:life term beat) || return 1
  life=$(printf '%s' "$life" | tr '\n' ' ')
  keys=$(ask "$1" "$2" dbsize) || return 1
  # One that is still reading its file says so in place of a number, and nobody knows yet how new its data is.
  case $life$keys in *[!0-9\ ]*) return 1 ;; esac
  former=$((100 - $(field "$info" slave_priority)))
  # shellcheck disable=SC2086 # words, by intention
  set -- $keys ${life:-}
  echo "${2:-0} ${3:-0} $former ${1:-0}"
}

# After a start of all servers at once nobody knows who was master: the server with the newest data becomes it. All of them find the
# same one, as nobody writes meanwhile. Where one stays away, the majority goes on: what was confirmed by a replica is in one of them.
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

# Beside a server: whoever becomes master begins a new term, and says at each look in the data itself that it goes on. So servers that
# were all stopped at once can tell whose data is the newest. Beside a managed one, it also finds the master when there is none.
tend() {
  role=$1 was='' waited=0
  while sleep "$pause"; do
    info=$(own info replication) || continue
    if [ "$(field "$info" role)" = master ]; then
      waited=0
      if [ "$was" = master ]; then
        own hincrby labbook:life beat 1 >/dev/null || true
      # Refused as long as min-replicas-to-write is not met; so is everybody else.
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
      # Its master is gone, and no Sentinel finds another: as at a cold start.
      own replicaof "$NOBODY" "$NOWHERE" >/dev/null || true
      waited=0
    fi
  done
}

# Redis (7.0, 8.x) learns its master's new address from what other nodes tell, and goes on asking for data at the old one, where another node of
# the cluster may be by now (redis#14633). To be told once more whose replica it is sets that right.
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

# Nodes find each other again after all of them have got another address.
tend_cluster() {
  while sleep "$pause"; do
    nodes=$(own cluster nodes) || continue
    follow_master "$nodes"
    # Not in a cluster yet: that is for "redis-admin.sh form" to see to.
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

# A value in double quotes, as in a configuration.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# In memory, and for no one else to read.
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
  # With the same identity each time, it is the same Sentinel at another address to the others, not one more that a majority must reckon with.
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

# A replica that has been without its master for so long is started anew, which is all that Docker can do for it. Sooner is no help:
# the master is what is missing.
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
        # It looks for its master where none is any more, while there is one elsewhere: a new start finds that.
        REDIS_SENTINELS='' find_master >/dev/null && return 1 || return 0 ;;
      *) return 0 ;;
    esac
  fi
  # On an error redis-cli exits 0 as well: what it says counts.
  info=$(own info) || return 1
  [ "$(field "$info" loading)" = 0 ] || return 1
  case $1-$(field "$info" role) in
    server-master | managed-master | cluster-master) return 0 ;;
    replica-slave | managed-slave | cluster-slave) healthy_link "$info" ;;
    *) return 1 ;;
  esac
}

tell() {
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
  tell)
    tell
    exit
    ;;
  *)
    say 'give a role: server, replica HOST, managed, sentinel, cluster; or health ROLE, or tell'
    exit 1
    ;;
esac
exec redis-server "$run/redis.conf"
