#!/bin/sh
# Administers the Redis servers of the Counter's stack, from a container in its network. The password is the first line of
# stdin, so that it is in no argv, and only in the environment of redis-cli.
#
#   wait server|replicas|sentinel|cluster   waits until they work, or prints what is missing after REDIS_WAIT_SECONDS (120)
#   look server|replicas|sentinel|cluster   the same check, once
#   form [--check]                          creates the cluster of the six nodes, or repairs it; --check prints what is to do
#   promote NAME                            makes this server the master, with all data of the former master
#   copy FROM TO                            copies all keys between stores; TO then has these keys only. A store is "server"
#                                           (a master among the servers) or "cluster"
#   tidy [--check]                          makes Sentinels forget replicas that no longer exist
#
# REDIS_PEERS, REDIS_SENTINELS, REDIS_NODES: NAME[:PORT] ... of the servers, the Sentinels, the nodes of the cluster. The
# first three nodes are the masters; the replicas of 1, 2, 3 are 6, 4, 5, on other machines.
set -eu

IFS= read -r password || true
master_name=${REDIS_MASTER_NAME:-counter}

fail() {
  echo "redis-admin.sh: $1" >&2
  exit 1
}

name_of() { echo "${1%:*}"; }
port_of() { case $1 in *:*) echo "${1##*:}" ;; *) echo "$2" ;; esac; }
address_of() { getent hosts "$1" 2>/dev/null | awk '$1 !~ /:/ { print $1; exit }'; }
count() { grep -c . || true; }

# Sends a command to a server NAME[:PORT].
ask() {
  at=$1
  shift
  REDISCLI_AUTH=$password timeout "${REDIS_ASK_SECONDS:-5}" redis-cli --raw -h "$(name_of "$at")" -p "$(port_of "$at" 6379)" "$@" 2>/dev/null
}
ask_sentinel() {
  sentinel=$(name_of "$1"):$(port_of "$1" 26379)
  shift
  ask "$sentinel" "$@"
}
must() { # like ask, but fails on an error
  answer=$(ask "$@") || fail "$1 does not answer to: $2 ${3:-}"
  case $answer in
    OK* | QUEUED* | '') ;;
    *) case $answer in ERR* | NOPERM* | WRONG* | NOAUTH* | READONLY* | NOREPLICAS* | BUSY* | CLUSTERDOWN* | IOERR* | MISCONF*) fail "$1: $2 ${3:-}: $answer" ;; esac ;;
  esac
  [ -z "$answer" ] || echo "$answer"
}
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
role_of() { ask "$1" role | head -n 1; }

# ---- servers and Sentinels

masters_among() { for peer in $REDIS_PEERS; do [ "$(role_of "$peer")" != master ] || echo "$peer"; done; }

the_master() {
  masters=$(masters_among)
  [ "$(printf '%s\n' "$masters" | count)" -eq 1 ] || return 1
  echo "$masters"
}

# Also waits for a master that restarts.
await_master() {
  waited=0
  until the_master; do
    waited=$((waited + 1))
    [ "$waited" -lt "${REDIS_WAIT_SECONDS:-120}" ] || fail "there are $(masters_among | count) masters among $REDIS_PEERS: one is needed"
    sleep 1
  done
}

# The checks print what is wrong, and nothing if all is well. So a missing reply must not end a check.

look_server() {
  first=${REDIS_PEERS%% *}
  [ "$(role_of "$first")" = master ] || echo "$first does not answer as a master"
}

look_replicas() {
  master=$(the_master) || { echo "there are $(masters_among | count) masters among: $REDIS_PEERS"; return; }
  wanted=$(($(printf '%s\n' $REDIS_PEERS | count) - 1))
  for peer in $REDIS_PEERS; do
    [ "$peer" != "$master" ] || continue
    [ "$(field "$(ask "$peer" info replication)" master_link_status)" = up ] || echo "$peer is not in step with the master ($master)"
  done
  has=$(field "$(ask "$master" info replication)" connected_slaves)
  [ "${has:-0}" -eq "$wanted" ] || echo "the master ($master) has ${has:-0} of $wanted replicas"
}

look_sentinel() {
  missing=$(look_replicas)
  [ -z "$missing" ] || { echo "$missing"; return; }
  master=$(the_master) || { echo 'the master has just gone'; return; }
  place="$(address_of "$(name_of "$master")") $(port_of "$master" 6379)"
  for sentinel in $REDIS_SENTINELS; do
    names=$(ask_sentinel "$sentinel" sentinel get-master-addr-by-name "$master_name" | tr '\n' ' ')
    [ "$names" = "$place " ] || { echo "$sentinel has ${names:-no }as the master, not $place ($master)"; continue; }
    case $(ask_sentinel "$sentinel" sentinel ckquorum "$master_name") in
      "OK $(printf '%s\n' $REDIS_SENTINELS | count) usable"*) ;;
      *) echo "$sentinel does not see all the others" ;;
    esac
  done
}

promote() {
  wanted=$1
  master=$(await_master) || exit 1
  [ "$master" != "$wanted" ] || return 0
  address=$(address_of "$(name_of "$wanted")")
  [ -n "$address" ] || fail "$wanted is not there"
  # The master blocks writes until the replica has all data; then the two switch roles.
  must "$master" failover to "$address" "$(port_of "$wanted" 6379)" timeout 30000
  tries=0
  until [ "$(the_master)" = "$wanted" ] && [ -z "$(look_replicas)" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "$wanted has not become master within a minute"
    sleep 1
    [ "$(the_master)" = "$wanted" ] || continue
    # Replicas of the former master would replicate from a replica.
    for peer in $REDIS_PEERS; do
      [ "$peer" != "$wanted" ] && [ "$(field "$(ask "$peer" info replication)" master_host):$(field "$(ask "$peer" info replication)" master_port)" != "$address:$(port_of "$wanted" 6379)" ] || continue
      ask "$peer" replicaof "$address" "$(port_of "$wanted" 6379)" >/dev/null || true
    done
  done
}

# A Sentinel forgets lost replicas only by a reset, and cannot fail over for a few seconds after it. So one at a time, and
# only while all else is well.
tidy() {
  [ -z "$(look_sentinel)" ] || return 0
  for sentinel in $REDIS_SENTINELS; do
    known=$(ask_sentinel "$sentinel" sentinel replicas "$master_name" | grep -cx ip || true)
    wanted=$(($(printf '%s\n' $REDIS_PEERS | count) - 1))
    [ "$known" -gt "$wanted" ] || continue
    echo "$sentinel knows $known replicas, and there are $wanted"
    [ "${1:-}" != --check ] || continue
    ask_sentinel "$sentinel" sentinel reset "$master_name" >/dev/null
    tries=0
    until [ "$(ask_sentinel "$sentinel" sentinel replicas "$master_name" | grep -cx ip || true)" -eq "$wanted" ] && [ -z "$(look_sentinel)" ]; do
      tries=$((tries + 1))
      [ "$tries" -lt 60 ] || fail "$sentinel has not found its replicas again within a minute"
      sleep 1
    done
  done
}

# ---- cluster

node() { # number
  # shellcheck disable=SC2086
  printf '%s\n' $REDIS_NODES | sed -n "$1p"
}
id_of() { ask "$1" cluster myid; }
# The line of the node itself in CLUSTER NODES: id, address, flags, master, ..., slots.
self_of() { ask "$1" cluster nodes | grep myself; }
has_slots() { [ "$(self_of "$1" | awk '{ print NF }')" -gt 8 ]; }
is_replica() { self_of "$1" | grep -q 'myself,slave'; }
partner_of() { case $1 in 1) echo 6 ;; 2) echo 4 ;; 3) echo 5 ;; esac; }
slots_of() { case $1 in 1) echo '0 5460' ;; 2) echo '5461 10922' ;; 3) echo '10923 16383' ;; esac; }
machine_of() { echo $((($1 - 1) % 3)); }

all_known() {
  for one in $REDIS_NODES; do
    for other in $REDIS_NODES; do
      address=$(address_of "$(name_of "$other")")
      ask "$one" cluster nodes | grep -q "^$(id_of "$other") $address:$(port_of "$other" 6379)@.* connected" || return 1
    done
  done
}

# Ids that a node knows and that belong to no node.
strangers() {
  ids=$(for one in $REDIS_NODES; do id_of "$one" || true; done)
  # If a node does not answer, its id is unknown: print nothing.
  [ "$(printf '%s\n' "$ids" | count)" -eq "$(printf '%s\n' $REDIS_NODES | count)" ] || return 0
  for one in $REDIS_NODES; do ask "$one" cluster nodes | awk '{ print $1 }'; done | sort -u | grep -vxF "$ids" || true
}

look_cluster() {
  for one in $REDIS_NODES; do
    [ "$(ask "$one" ping)" = PONG ] || { echo "$one does not answer"; return; }
  done
  all_known || { echo 'not every node knows all the others'; return; }
  for one in $REDIS_NODES; do
    info=$(ask "$one" cluster info) || true
    [ "$(field "$info" cluster_state)" = ok ] && [ "$(field "$info" cluster_slots_ok)" = 16384 ] || { echo "$one: cluster_state $(field "$info" cluster_state), $(field "$info" cluster_slots_ok) of 16384 slots"; return; }
  done
  for i in 1 2 3; do
    one=$(node "$i") partner=$(node "$(partner_of "$i")")
    if has_slots "$one" && has_slots "$partner"; then echo "$one and $partner are both masters"; continue; fi
    has_slots "$one" && replica=$partner master=$one || replica=$one master=$partner
    self_of "$replica" | grep -q "slave $(id_of "$master") " || { echo "$replica is not the replica of $master"; continue; }
    info=$(ask "$replica" info replication) || true
    # After a change of addresses, the master in CLUSTER NODES and the one it replicates from differ: see redis.sh.
    [ "$(field "$info" master_host):$(field "$info" master_port)" = "$(address_of "$(name_of "$master")"):$(port_of "$master" 6379)" ] || { echo "$replica replicates from a former address of its master ($master)"; continue; }
    [ "$(field "$info" master_link_status)" = up ] || { echo "$replica is not in step with its master ($master)"; continue; }
    # Otherwise two masters are on one machine, and the majority would be lost with it.
    [ "$master" = "$one" ] || echo "$one is not the master of its slots, $partner on another machine is"
  done
  [ -z "$(strangers)" ] || echo "$(strangers | count) nodes that are gone are still known"
}

# Each step is done only if needed, so an interrupted run can be continued.
form() {
  waiting=0
  for one in $REDIS_NODES; do
    until [ "$(ask "$one" ping)" = PONG ]; do
      waiting=$((waiting + 1))
      [ "$waiting" -lt "${REDIS_WAIT_SECONDS:-120}" ] || fail "$one does not answer"
      sleep 1
    done
  done
  for i in 1 2 3; do
    one=$(node "$i") partner=$(node "$(partner_of "$i")")
    owned=
    for other in $REDIS_NODES; do
      # shellcheck disable=SC2046
      set -- $(slots_of "$i")
      # Slots of a lost node count: assigning them to an empty node would give up its data.
      ask "$other" cluster nodes | awk -v first="$1" '{ for (i = 9; i <= NF; i++) if ($i ~ "^" first "(-|$)") found = 1 } END { exit !found }' && owned=yes
    done
    if [ -z "$owned" ]; then
      # Different epochs from the start, so that the nodes do not have to agree on them first.
      ask "$one" cluster set-config-epoch "$i" >/dev/null || true
      # shellcheck disable=SC2046
      must "$one" cluster addslotsrange $(slots_of "$i") >/dev/null
    fi
  done
  first=$(node 1)
  tries=0
  until all_known; do
    for one in $REDIS_NODES; do
      address=$(address_of "$(name_of "$one")")
      [ "$one" = "$first" ] || ask "$first" cluster meet "$address" "$(port_of "$one" 6379)" >/dev/null || true
    done
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail 'the nodes have not joined the cluster within two minutes'
    sleep 2
  done
  for i in 1 2 3; do
    one=$(node "$i") partner=$(node "$(partner_of "$i")")
    # After the loss of a master, its replica takes over within seconds.
    tries=0
    until has_slots "$one" || has_slots "$partner" || [ "$tries" -ge 30 ]; do
      tries=$((tries + 1))
      sleep 1
    done
    has_slots "$one" && replica=$partner master=$one || replica=$one master=$partner
    has_slots "$master" || fail "neither $one nor $partner has the slots from $(slots_of "$i" | sed 's/ / to /'): start the node that had them with its volume, or remove the volumes of all six to create a new cluster"
    self_of "$replica" | grep -q "slave $(id_of "$master") " || must "$replica" cluster replicate "$(id_of "$master")" >/dev/null
  done
  for gone in $(strangers); do
    for one in $REDIS_NODES; do ask "$one" cluster forget "$gone" >/dev/null || true; done
  done
  tries=0
  while [ -n "$(look_cluster)" ]; do
    for i in 1 2 3; do
      one=$(node "$i")
      # The replica gets all data, then the two switch roles: no request is lost.
      if is_replica "$one" && [ "$(field "$(ask "$one" info replication)" master_link_status)" = up ]; then ask "$one" cluster failover >/dev/null || true; fi
    done
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "the cluster is not healthy after a minute: $(look_cluster | head -n 1)"
    sleep 1
  done
}

# ---- copying data

masters_of() {
  case $1 in
    server) await_master ;;
    cluster) for one in $REDIS_NODES; do if has_slots "$one"; then echo "$one"; fi; done ;;
    *) fail "no such store: $1" ;;
  esac
}
# redis.sh on a master creates this key at any time.
but_life() { grep . | grep -vc ' labbook:life$' || true; }
# An incomplete list of keys must not be copied.
all_listed() { # list
  for from in $sources; do
    size=$(ask "$from" dbsize) || fail "$from does not answer"
    listed=$(printf '%s\n' "$1" | grep -c "^$from ") || true
    case $1 in *' labbook:life'*) ;; *) [ "$size" != $((listed + 1)) ] || size=$listed ;; esac
    [ "$size" = "$listed" ] || fail "$from has $size keys, but listed $listed"
  done
}
keys_of() { for from in $(masters_of "$1"); do ask "$from" --scan | sed "s|^|$from |"; done | sort -u; }

# The node of a store that has a key.
home_of() { # store, key
  if [ "$1" = server ]; then masters_of server; return; fi
  slot=$(ask "$(node 1)" cluster keyslot "$2")
  for one in $(masters_of cluster); do
    for range in $(self_of "$one" | cut -d ' ' -f 9-); do
      [ "$slot" -lt "${range%-*}" ] || [ "$slot" -gt "${range#*-}" ] || echo "$one"
    done
  done
}

# The password and the key go to redis-cli on stdin, as a quoted command.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

copy() {
  [ "$1" != "$2" ] || fail 'from and to are the same store'
  sources=$(masters_of "$1") || exit 1
  targets=$(masters_of "$2") || exit 1
  [ -n "$sources" ] || fail "$1 has no master"
  for store in "$1" "$2"; do
    [ "$store" = server ] || missing=$(look_cluster) && [ -z "${missing:-}" ] || fail "$missing"
  done
  for to in $targets; do must "$to" flushall sync >/dev/null; done
  all=$(keys_of "$1")
  all_listed "$all"
  printf '%s\n' "$all" | while IFS= read -r line; do
    [ -n "$line" ] || continue
    from=${line%% *} key=${line#* }
    to=$(home_of "$2" "$key")
    [ -n "$to" ] || fail "no node of $2 has the slot of the key $key"
    login=
    [ -z "$password" ] || login="AUTH $(quoted "$password")"
    printf 'MIGRATE %s %s "" 0 5000 COPY REPLACE %s KEYS %s\n' "$(address_of "$(name_of "$to")")" "$(port_of "$to" 6379)" "$login" "$(quoted "$key")" |
      ask "$from" | grep -qx OK || fail "$key was not copied from $from to $to"
    # The master changes this key every second.
    [ "$key" != labbook:life ] || continue
    [ "$(ask "$from" dump "$key" | sha256sum)" = "$(ask "$to" dump "$key" | sha256sum)" ] || fail "$key is not the same in $to as in $from"
  done
  [ "$(printf '%s\n' "$all" | but_life)" -eq "$(keys_of "$2" | but_life)" ] || fail "$2 has not as many keys as $1"
  # Where there are replicas, one of them must have the keys, so that the loss of a machine loses none.
  for to in $targets; do
    slaves=$(field "$(ask "$to" info replication)" connected_slaves)
    [ "${slaves:-0}" -eq 0 ] || [ "$(ask "$to" wait "$slaves" 4000)" -ge 1 ] || fail "no replica of $to has the copied keys"
  done
  # A new term makes this data newer than any these servers had before.
  if [ "$2" = server ]; then must "$targets" hincrby labbook:life term 1 >/dev/null; fi
  echo "copied $(printf '%s\n' "$all" | count) keys"
}

wait_for() {
  waited=0
  # A check that fails has not shown that all is well.
  while ! missing=$("look_$1") || [ -n "$missing" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt "${REDIS_WAIT_SECONDS:-120}" ] || fail "${missing:-the check failed}"
    sleep 1
  done
}

case ${1:-}-${2:-} in
  look-server | look-replicas | look-sentinel | look-cluster) "look_$2" ;;
  wait-server | wait-replicas | wait-sentinel | wait-cluster) wait_for "$2" ;;
  form---check) look_cluster ;;
  form-) form ;;
  tidy---check | tidy-) tidy "${2:-}" ;;
  promote-?*) promote "$2" ;;
  copy-server | copy-cluster) copy "$2" "$3" ;;
  *) fail 'usage: redis-admin.sh wait|look|form|promote|copy|tidy ...; see the top of this script' ;;
esac
