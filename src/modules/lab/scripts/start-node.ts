import { sh } from '../../../shell/quote.ts'
import { kernelNames, SHARED_DIRECTORY } from '../names.ts'
import { bootScript, nodeFileFunctions } from './boot-node.ts'
import { stopNodeFunctions } from './stop-node.ts'
import { supervisorScript } from './supervise-node.ts'

export interface NodeSettings {
  readonly lab: string
  readonly dir: string
  readonly rootfs: string
  readonly name: string
  readonly address: string
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly memoryBytes: number | null
  /** Size of the node's disk image; null: a directory on this machine's disk. */
  readonly diskBytes: number | null
}

export const nodeDirectory = (dir: string, name: string): string => `${dir}/nodes/${name}`

/** The lab's lines of a node's /etc/hosts. */
export const hostsLines = ({ name, address, nodes }: Pick<NodeSettings, 'name' | 'address' | 'nodes'>): string[] => {
  const others = nodes.filter((node) => node.name !== name)
  return ['127.0.0.1 localhost', ...[{ name, address }, ...others].map((node) => `${node.address} ${node.name}`)].map(
    (line) => `${line} # lab`,
  )
}

/** Sets the variables of the scripts below. */
const settings = (node: NodeSettings): string => sh`
dir=${node.dir} node=${nodeDirectory(node.dir, node.name)} unit=${kernelNames(node.lab).node(node.name)}
name=${node.name} address=${node.address} rootfs=${node.rootfs} memory=${node.memoryBytes ?? -1} disk=${node.diskBytes ?? ''}
hosts=${hostsLines(node).join('\n')} shared=${SHARED_DIRECTORY}
`

/** A script of an earlier run that is still running also holds the lock. */
const lock = String.raw`
mkdir -p "$node" || exit
exec 8>"$node.lock" || exit
flock -w 120 8 || { echo "another process is still changing $name after 2 minutes" >&2; exit 1; }
`

const waitForSsh = String.raw`
# Compares the host key: another machine may have the address.
lab_answers() { [ "$(ssh-keyscan -T 2 -t ed25519 "$address" 2>/dev/null 8>&- | cut -d' ' -f2,3)" = "$(cut -d' ' -f1,2 "$node/ssh/ssh_host_ed25519_key.pub")" ]; }
lab_wait_for_ssh() { # $1: seconds
  lab_until=$(($(date +%s) + $1))
  until lab_answers; do
    [ -n "$(lab_pid "$node")" ] || return 1
    [ "$(date +%s)" -lt "$lab_until" ] || return 1
    sleep 0.1
  done
}
`

const prepare = String.raw`
lab_prepare() {
  mkdir -p "$node/root" "$node/ssh" "$node/disk" "$shared" || return
  # A node keeps its first disk, a directory or an image.
  if [ -n "$disk" ] && [ ! -e "$node/disk.img" ] && [ ! -d "$node/disk/upper" ]; then
    rm -f "$node/disk.new" && truncate -s "$disk" "$node/disk.new" && mkfs.ext4 -q -F -m 0 "$node/disk.new" &&
      mv -f "$node/disk.new" "$node/disk.img" || return
  fi
  # A node keeps its first root: its overlay depends on it.
  if [ ! -s "$node/lower" ]; then
    readlink -f "$rootfs/current" >"$node/lower.new" && mv -f "$node/lower.new" "$node/lower" || return
  fi
  [ -L "$(cat "$node/lower")/sbin/init" ] || { echo "the root file system of $name is missing ($(cat "$node/lower")): remove the node (state: absent) and create it again" >&2; return 1; }
  if [ ! -s "$node/ssh/ssh_host_ed25519_key" ]; then
    rm -f "$node/ssh/new" "$node/ssh/new.pub"
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$node/ssh/new" </dev/null &&
      mv -f "$node/ssh/new.pub" "$node/ssh/ssh_host_ed25519_key.pub" && mv -f "$node/ssh/new" "$node/ssh/ssh_host_ed25519_key" || return
  fi
}
`

/** Boots the node as a daemon, detached from our session and pipes. */
const launch = sh`
lab_launch() {
  printf '%s' ${nodeFileFunctions + bootScript} >"$node/boot.sh" && printf '%s' ${supervisorScript} >"$node/keep.sh" || return
  key=$(cat "$dir/id_ed25519.pub") || return
  export node unit name hosts key memory shared
  (cd / && exec setsid sh "$node/keep.sh" </dev/null >"$node/console.log" 2>&1 8>&-) &
  lab_keeper=$!
  lab_tries=0
  until [ -n "$(lab_pid "$node")" ]; do
    lab_tries=$((lab_tries + 1))
    [ "$lab_tries" -le 200 ] && kill -0 "$lab_keeper" 2>/dev/null || return 1
    sleep 0.05
  done
}
`

/** Writes the lab's known_hosts from the directories of its nodes. */
export const pinFunctions = String.raw`
lab_pin() {
  printf '%s,%s %s\n' "$address" "$name" "$(cut -d' ' -f1,2 "$node/ssh/ssh_host_ed25519_key.pub")" >"$node/known_host.new" &&
    mv -f "$node/known_host.new" "$node/known_host" && lab_pin_all
}
lab_pin_all() {
  (
    exec 7>"$dir/.known_hosts.lock" && flock -w 30 7 || exit
    for lab_pinned in "$dir"/nodes/*/known_host; do [ ! -e "$lab_pinned" ] || cat "$lab_pinned"; done >"$dir/.known_hosts.new" &&
      chmod 644 "$dir/.known_hosts.new" && mv -f "$dir/.known_hosts.new" "$dir/known_hosts"
  )
}
`

/**
 * Stops leftover processes of the node, boots it and waits for its sshd. If the node is booting, only waits.
 */
export const startNode = (node: NodeSettings): string =>
  [
    settings(node),
    lock,
    stopNodeFunctions,
    waitForSsh,
    prepare,
    launch,
    pinFunctions,
    String.raw`
lab_same_network() { [ "$(readlink "/proc/$1/ns/net")" = "net:[$(stat -Lc %i "/run/netns/$unit")]" ]; }
pid=$(lab_pid "$node")
if [ -n "$pid" ] && lab_same_network "$pid" && [ -s "$node/known_host" ] && lab_wait_for_ssh 20; then exit 0; fi
lab_end_node "$unit" "$node" || exit
lab_prepare && lab_pin || exit
lab_launch && lab_wait_for_ssh 60 && exit 0
echo "sshd of $name did not start; last lines of $node/console.log:" >&2
tail -n 15 "$node/console.log" >&2
lab_end_node "$unit" "$node"
exit 1
`,
  ].join('')

/** Stops the node like a power loss. */
export const stopNode = (node: NodeSettings): string =>
  [settings(node), lock, stopNodeFunctions, 'lab_end_node "$unit" "$node"'].join('')

/** Stops the node and removes its disk. */
export const removeNode = (node: NodeSettings): string =>
  [
    settings(node),
    lock,
    stopNodeFunctions,
    pinFunctions,
    'lab_end_node "$unit" "$node" && rm -rf "$node" "$node.lock" && lab_pin_all',
  ].join('')

/** Updates the managed files of a running node: hosts, authorized_keys, and the controller's known_hosts. */
export const updateNode = (node: NodeSettings): string =>
  [
    settings(node),
    lock,
    stopNodeFunctions,
    nodeFileFunctions,
    pinFunctions,
    String.raw`
pid=$(lab_pid "$node") && key=$(cat "$dir/id_ed25519.pub") || exit
lab_write_hosts "/proc/$pid/root/etc/hosts" && lab_authorize "/proc/$pid/root" && lab_pin`,
  ].join('')

/** Prints the state of the node. */
export const probeNode = (node: NodeSettings): string =>
  [
    settings(node),
    stopNodeFunctions,
    waitForSsh,
    sh`
for command in nsenter unshare setsid flock ip ssh-keygen ssh-keyscan pivot_root; do
  command -v "$command" >/dev/null || printf 'missing %s\n' "$command"
done
[ -z "$disk" ] || command -v mkfs.ext4 >/dev/null || echo missing mkfs.ext4
[ -e /dev/loop-control ] || echo no-loop
[ -L "$rootfs/current/sbin/init" ] || echo no-root
[ -s "$dir/id_ed25519.pub" ] || echo no-key
ip -n "$unit" -o link show lo >/dev/null 2>&1 || echo no-network
[ ! -e "$node" ] || echo folder
lab_cgroups "$unit" | sed 's/^/cgroup /'
lab_processes "$unit" | sed 's/^/process /'
pid=$(lab_pid "$node")
if [ -n "$pid" ]; then
  printf 'pid %s\n' "$pid"
  [ "$(readlink "/proc/$pid/ns/net")" != "net:[$(stat -Lc %i "/run/netns/$unit" 2>/dev/null)]" ] || echo own-network
  lab_answers && echo answers
  [ "$(grep ' # lab$' "/proc/$pid/root/etc/hosts")" != "$hosts" ] || echo hosts
  grep -qxF "$(cat "$dir/id_ed25519.pub")" "/proc/$pid/root/home/ops/.ssh/authorized_keys" 2>/dev/null && echo authorized
  grep -qxF "$address,$name $(cut -d' ' -f1,2 "$node/ssh/ssh_host_ed25519_key.pub")" "$dir/known_hosts" 2>/dev/null && echo pinned
  lab_cgroups "$unit" | while read -r group; do
    cat "$group/memory.limit_in_bytes" "$group/memory.max" 2>/dev/null | sed 's/^/memory /'
  done
fi
true`,
  ].join('')
