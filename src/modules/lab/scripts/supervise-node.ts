/**
 * The supervisor of a node: creates the node's cgroups, joins them before it creates the cgroup namespace (so that they
 * are its roots), starts PID 1, and restarts it when the node reboots itself. If PID 1 exits otherwise, the node stops.
 * Environment: unit, node, memory.
 */
export const supervisorScript = String.raw`
join_all() { # cgroup v1: each hierarchy
  for hierarchy in /sys/fs/cgroup/*; do
    [ -d "$hierarchy" ] && [ ! -L "$hierarchy" ] || continue
    of=$(basename "$hierarchy")
    case $of in unified) listed= ;; systemd) listed=name=systemd ;; *) listed=$of ;; esac
    # Below our own cgroup, so that its limits apply to the node too.
    own=$(awk -F: -v listed="$listed" '$2 == listed { sub(/^[^:]*:[^:]*:/, ""); print; exit }' /proc/self/cgroup)
    parent=$hierarchy/$own
    [ -d "$parent" ] || parent=$hierarchy
    group=$parent/$unit
    mkdir -p "$group" || return
    if [ -e "$group/cpuset.cpus" ]; then
      cat "$parent/cpuset.cpus" >"$group/cpuset.cpus" && cat "$parent/cpuset.mems" >"$group/cpuset.mems" &&
        echo 1 >"$group/cgroup.clone_children" || return
    fi
    if [ -e "$group/memory.limit_in_bytes" ] && [ "$memory" != -1 ]; then
      echo "$memory" >"$group/memory.limit_in_bytes" || return
    fi
    echo $$ >"$group/cgroup.procs" || return
  done
}
# cgroup v2
prepare_single() {
  for controller in cpu cpuset io memory pids; do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done 2>/dev/null
  group=/sys/fs/cgroup/$unit
  mkdir -p "$group" "$group.keeper" || return
  if [ "$memory" != -1 ]; then echo "$memory" >"$group/memory.max" || return; fi
  echo $$ >"$group.keeper/cgroup.procs"
}
single=
[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || single=yes
if [ -n "$single" ]; then prepare_single || exit; else join_all || exit; fi
while :; do
  rm -f "$node/go"
  (
    if [ -n "$single" ]; then sh -c 'echo "$PPID"' >"$group/cgroup.procs" || exit; fi
    exec nsenter --net="/run/netns/$unit" unshare --mount --uts --ipc --pid --cgroup --fork --propagation private \
      sh "$node/boot.sh"
  ) &
  child=$!
  if [ -n "$single" ]; then
    # systemd enables controllers only if it is alone in its cgroup: PID 1 waits for unshare to leave.
    until [ -e "$node/waits" ]; do kill -0 "$child" || exit; sleep 0.05; done
    rm -f "$node/waits"
    echo "$child" >"$group.keeper/cgroup.procs"
    : >"$node/go"
  fi
  wait "$child"
  # A PID namespace whose init requested a reboot exits with SIGHUP.
  [ $? = 129 ] || exit 0
done
`
