/**
 * Shell functions that stop a node by its pid file, its cgroups and its network namespace. So they also stop a node
 * that started only partly, or whose directory is gone. A node mounts only inside its mount namespace: its mounts
 * vanish with its last process.
 */
export const stopNodeFunctions = String.raw`
# Start time of a process in ticks since boot: distinguishes it from a later one with the same PID.
lab_since() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
# Prints the PID that a node's directory ($1) records, if that process is alive.
lab_pid() {
  [ -r "$1/pid" ] && read -r lab_p lab_s <"$1/pid" && [ -n "$lab_s" ] && [ "$(lab_since "$lab_p")" = "$lab_s" ] && echo "$lab_p"
}
# The cgroups of a node ($1: LAB-NODE) in every hierarchy.
lab_cgroups() { find /sys/fs/cgroup -type d \( -name "$1" -o -name "$1.keeper" \) -prune -print 2>/dev/null; }
# All processes of a node. A process outside this PID namespace reads as 0, which kill takes for its own group.
lab_processes() {
  {
    [ ! -e "/run/netns/$1" ] || ip netns pids "$1"
    lab_cgroups "$1" | while read -r lab_g; do find "$lab_g" -name cgroup.procs -exec cat '{}' +; done
  } 2>/dev/null | grep -vx 0 | sort -u
}
# Stops a node ($1: LAB-NODE, $2: its directory) and removes its cgroups.
lab_end_node() {
  lab_tries=0
  while :; do
    lab_pids="$(lab_pid "$2") $(lab_processes "$1")"
    case $lab_pids in *[0-9]*) ;; *) break ;; esac
    lab_tries=$((lab_tries + 1))
    [ "$lab_tries" -le 150 ] || { echo "cannot kill the processes of $1: $lab_pids" >&2; return 1; }
    kill -9 $lab_pids 2>/dev/null
    sleep 0.1
  done
  rm -f "$2/pid"
  # The kernel frees a cgroup a moment after its last process.
  for lab_try in 1 2 3 4 5 6 7 8 9 10; do
    lab_cgroups "$1" | while read -r lab_g; do find "$lab_g" -depth -type d -exec rmdir '{}' ';' 2>/dev/null; done
    [ -n "$(lab_cgroups "$1")" ] || return 0
    sleep 0.2
  done
  echo "cannot remove the cgroups of $1: $(lab_cgroups "$1" | tr '\n' ' ')" >&2
  return 1
}
`
