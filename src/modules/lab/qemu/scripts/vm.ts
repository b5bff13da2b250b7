import { sh } from '../../../../shell/quote.ts'
import type { Forward } from '../forward.ts'
import { hostsLines, pinFunctions } from '../../scripts/start-node.ts'
import { qemuOfMachine } from './architecture.ts'
import { cloudSeed } from './cloud.ts'
import { monitorFunction } from './monitor.ts'

/** Settings of a virtual machine for the scripts. */
export interface VmSettings {
  readonly lab: string
  readonly dir: string
  readonly images: string
  /** A cloud image instead of one from {@link images}. */
  readonly cloudImage: string | null
  readonly name: string
  readonly address: string
  readonly prefix: number
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly memoryMiB: number
  readonly cpus: number
  readonly diskBytes: number
  /** A second, empty disk; null: none. */
  readonly dataDiskBytes: number | null
  readonly sshPort: number
  readonly forwards: readonly Forward[]
}

export const vmDirectory = (dir: string, name: string): string => `${dir}/nodes/${name}`

/** A locally administered MAC address, derived from the lab's and the node's names: the same at each start. */
export function macOf(lab: string, name: string, card: number): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${lab}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  const tail = [24, 16, 8, 0].map((shift) => ((hash >>> shift) & 0xff).toString(16).padStart(2, '0'))
  return ['52', (0x50 + card).toString(16), ...tail].join(':')
}

/** Settings that cannot change at run time: the machine restarts if one does. */
const shapeOf = (vm: VmSettings): string =>
  `memory=${vm.memoryMiB} cpus=${vm.cpus} data=${vm.dataDiskBytes ?? 0} address=${vm.address}/${vm.prefix}`

const forwardLines = ({ sshPort, forwards }: VmSettings): string =>
  [{ guest: 22, host: sshPort }, ...forwards].map(({ guest, host }) => `${host} ${guest}`).join('\n')

/** Sets the variables of the scripts below. */
export const settingVariables = (vm: VmSettings): string => sh`
PATH=$PATH:/usr/sbin:/sbin
# macOS has no flock: concurrent runs are not serialized there.
command -v flock >/dev/null || flock() { :; }
dir=${vm.dir} node=${vmDirectory(vm.dir, vm.name)} name=${vm.name} address=${vm.address} prefix=${vm.prefix} images=${vm.images}
memory=${vm.memoryMiB} cpus=${vm.cpus} disk=${vm.diskBytes} data=${vm.dataDiskBytes ?? ''} port=${vm.sshPort} cloud=${vm.cloudImage ?? ''}
mac0=${macOf(vm.lab, vm.name, 0)} mac1=${macOf(vm.lab, vm.name, 1)}
shape=${shapeOf(vm)}
forwards=${forwardLines(vm)}
hosts=${hostsLines(vm).join('\n')}
`

/** Shell functions that find the processes of virtual machines by their command lines. */
export const processFunctions = String.raw`
# The QEMU processes below a directory ($1), or of one node ($1/nodes/$2): PID and node, a line each.
lab_vms() {
  ps -A -ww -o pid= -o command= 2>/dev/null | awk -v below="-pidfile $1/nodes/" -v only="$2" '
    $2 ~ /(^|\/)qemu-system-[a-z0-9_]+$/ && (at = index($0, below)) {
      node = substr($0, at + length(below)); sub(/\/pid( .*)?$/, "", node)
      if (only == "" || node == only) print $1, node
    }'
}
lab_vm_pid() { lab_vms "$1" "$2" | cut -d' ' -f1 | head -n 1; }
# Kills the processes of a node ($2), or of all.
lab_end_vms() {
  lab_tries=0
  while :; do
    lab_pids=$(lab_vms "$1" "$2" | cut -d' ' -f1)
    [ -n "$lab_pids" ] || return 0
    lab_tries=$((lab_tries + 1))
    [ "$lab_tries" -le 100 ] || { echo "cannot kill processes:" $lab_pids >&2; return 1; }
    kill -9 $lab_pids 2>/dev/null
    sleep 0.1
  done
}
`

/** A script of an earlier run that is still running also holds the lock. */
const lock = String.raw`
mkdir -p "$node" && chmod 700 "$node" || exit
exec 8>"$node.lock" || exit
flock -w 300 8 || { echo "another process is still changing $name after 5 minutes" >&2; exit 1; }
`

/** A connection opened before the guest is up stalls: hence the short timeout and a new connection each time. */
const waitForSsh = String.raw`
lab_key_of() { cut -d' ' -f1,2 "$node/ssh/ssh_host_ed25519_key.pub"; }
# Compares the host key: another machine may have the port.
lab_answers() { [ "$(ssh-keyscan -T 5 -p "$port" -t ed25519 127.0.0.1 2>/dev/null 8>&- | cut -d' ' -f2,3)" = "$(lab_key_of)" ]; }
lab_wait_for_ssh() { # $1: seconds
  lab_until=$(($(date +%s) + $1))
  until lab_answers; do
    [ -n "$(lab_vm_pid "$dir" "$name")" ] || return 1
    [ "$(date +%s)" -lt "$lab_until" ] || return 1
    sleep 0.3
  done
}
`

const prepare = `${String.raw`
lab_prepare() {
  mkdir -p "$node/ssh" || return
  # A machine keeps its first image: its disk is an overlay on it.
  if [ ! -s "$node/base" ]; then
    if [ -n "$cloud" ]; then echo "$cloud"; else (cd "$images/current" && pwd -P); fi >"$node/base.new" && mv -f "$node/base.new" "$node/base" || return
  fi
  base=$(cat "$node/base")
  if [ -n "$cloud" ]; then backing=$base format=$(qemu-img info --output=json "$base" | sed -n 's/^    "format": "\(.*\)".*/\1/p')
  else backing=$base/disk.raw format=raw; fi
  [ -r "$backing" ] || { echo "the image of $name is missing ($backing): remove the lab and create it again" >&2; return 1; }
  if [ ! -e "$node/disk.qcow2" ]; then
    qemu-img create -q -f qcow2 -F "$format" -b "$backing" "$node/disk.new" "$disk" && mv -f "$node/disk.new" "$node/disk.qcow2" || return
  fi
  if [ -n "$data" ] && [ ! -e "$node/data.qcow2" ]; then
    qemu-img create -q -f qcow2 "$node/data.new" "$data" && mv -f "$node/data.new" "$node/data.qcow2" || return
  fi
  if [ ! -s "$node/ssh/ssh_host_ed25519_key" ]; then
    rm -f "$node/ssh/new" "$node/ssh/new.pub"
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$node/ssh/new" </dev/null &&
      mv -f "$node/ssh/new.pub" "$node/ssh/ssh_host_ed25519_key.pub" && mv -f "$node/ssh/new" "$node/ssh/ssh_host_ed25519_key" || return
  fi
  [ -s "$node/machine-id" ] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$node/machine-id" || return
  if [ -n "$cloud" ]; then lab_cloud_seed; else lab_seed; fi
}
# The settings of this machine, as a second archive appended to the initrd.
lab_seed() {
  rm -rf "$node/seed" && mkdir -p "$node/seed/lab" || return
  (
    cd "$node/seed/lab" && umask 077 && printf '%s\n' "$name" >hostname && printf '%s\n' "$hosts" >hosts && cat "$node/machine-id" >machine-id && echo >>machine-id &&
      cp "$dir/id_ed25519.pub" authorized_keys && cp "$node/ssh/ssh_host_ed25519_key" "$node/ssh/ssh_host_ed25519_key.pub" . &&
      printf 'address=%s prefix=%s\n' "$address" "$prefix" >lab-net && chmod 644 hostname hosts machine-id lab-net ssh_host_ed25519_key.pub &&
      cd .. && find lab | cpio --quiet -o -H newc -R 0:0 | cat "$base/initrd" - >"$node/initrd"
  ) || return
  rm -rf "$node/seed"
}
`}${cloudSeed}`

/** Starts the machine as a daemon, detached from our session and pipes. */
const launch = String.raw`
lab_launch() { # $@: more options
${qemuOfMachine}  set -- "$@" -drive "if=none,id=d0,file=$node/disk.qcow2,format=qcow2,cache=unsafe,discard=unmap" -device virtio-blk-pci,drive=d0
  [ -z "$data" ] || set -- "$@" -drive "if=none,id=d1,file=$node/data.qcow2,format=qcow2,cache=unsafe,discard=unmap" -device virtio-blk-pci,drive=d1
  if [ -n "$cloud" ]; then
    set -- "$@" -drive "if=none,id=seed,driver=vvfat,dir=$node/seed,label=cidata,read-only=on" -device virtio-blk-pci,drive=seed
    [ "$(uname -m)" = x86_64 ] || set -- "$@" -bios edk2-aarch64-code.fd
  else
    set -- "$@" -kernel "$base/vmlinuz" -initrd "$node/initrd" \
      -append 'root=/dev/vda rw console='"$tty"' net.ifnames=0 quiet loglevel=4 mitigations=off apparmor=0 selinux=0 random.trust_cpu=on no_timer_check panic=5'
  fi
  # Not QEMU's default 10.0.2.0/24: Docker Swarm also uses it, for its third network.
  user=user,id=n0,net=198.18.0.0/24
  # A here-document, not a pipe, so that the loop runs in this shell.
  while read -r on to; do user=$user,hostfwd=tcp:127.0.0.1:$on-:$to; done <<LIST
$forwards
LIST
  link=$(cat "$dir/link") || return
  case $link in
    vde) link="vde,id=n1,sock=$dir/switch" ;;
    *) link="socket,id=n1,mcast=$link,localaddr=127.0.0.1" ;;
  esac
  read -r accel why <"$dir/acceleration" || return
  case $accel in
    tcg) accel=tcg,thread=multi,tb-size=256 cpu=max ;;
    *) cpu=host ;;
  esac
  rm -f "$node/qmp" "$node/pid"
  "$qemu" -name "$name" -nodefaults -no-user-config -display none -machine "$machine" -accel "$accel" -cpu "$cpu" -m "$memory" -smp "$cpus" \
    -netdev "$user" -device "virtio-net-pci,netdev=n0,mac=$mac0,romfile=" -netdev "$link" -device "virtio-net-pci,netdev=n1,mac=$mac1,romfile=" \
    -object rng-builtin,id=rng -device virtio-rng-pci,rng=rng \
    -chardev "file,id=console,path=$node/console.log,append=on" -serial chardev:console -qmp "unix:$node/qmp,server=on,wait=off" \
    "$@" -pidfile "$node/pid" -daemonize </dev/null 8>&- 9>&- || return
  printf '%s\n' "$shape" >"$node/shape"
  printf '%s\n' "$forwards" >"$node/forwards"
}
`

const pin = String.raw`
lab_pin() {
  printf '[127.0.0.1]:%s %s\n' "$port" "$(lab_key_of)" >"$node/known_host.new" &&
    mv -f "$node/known_host.new" "$node/known_host" && lab_pin_all
}
`

const common = (vm: VmSettings): string =>
  [settingVariables(vm), processFunctions, monitorFunction, waitForSsh, prepare, launch, pinFunctions, pin].join('')

/** Stops leftover processes of the machine and starts it, without waiting for its boot. */
export const launchVm = (vm: VmSettings): string =>
  `${common(vm)}${lock}${String.raw`
lab_end_vms "$dir" "$name" && lab_prepare && lab_pin || exit
printf '\n=== %s starts %s ===\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$name" >>"$node/console.log"
lab_launch || { echo "QEMU failed to start $name" >&2; exit 1; }
`}`

/** Starts it from a snapshot, paused: all nodes resume together. */
export const loadVm = (vm: VmSettings, snapshot: string): string =>
  `${common(vm)}${lock}${sh`
lab_end_vms "$dir" "$name" || exit
base=$(cat "$node/base") || exit
lab_launch -loadvm ${snapshot} -S || { echo "QEMU failed to restore $name" >&2; exit 1; }
`}`

/** Waits until SSH answers with the machine's host key. */
export const waitForVm = (vm: VmSettings, seconds = 400): string =>
  `${common(vm)}${sh`
lab_wait_for_ssh ${seconds} && exit 0
echo "sshd of $name does not answer on 127.0.0.1:$port; last lines of $node/console.log:" >&2
tail -n 15 "$node/console.log" >&2
exit 1
`}`

/** Stops the machine like a power loss. */
export const stopVm = (vm: VmSettings): string =>
  `${settingVariables(vm)}${processFunctions}${lock}lab_end_vms "$dir" "$name"`

/** Stops it and removes its disks. */
export const removeVm = (vm: VmSettings): string =>
  `${settingVariables(vm)}${processFunctions}${lock}${pinFunctions}lab_end_vms "$dir" "$name" && rm -rf "$node" "$node.lock" && lab_pin_all`

/** Updates the port forwards of a running machine, and known_hosts. */
export const updateVm = (vm: VmSettings): string =>
  `${common(vm)}${lock}${String.raw`
while read -r on to; do
  [ -z "$on" ] || printf '%s\n' "$forwards" | grep -qx "$on $to" || lab_monitor "$node/qmp" "hostfwd_remove n0 tcp:127.0.0.1:$on" >/dev/null || exit
done <"$node/forwards"
printf '%s\n' "$forwards" | while read -r on to; do
  grep -qx "$on $to" "$node/forwards" || lab_monitor "$node/qmp" "hostfwd_add n0 tcp:127.0.0.1:$on-:$to" || exit
done || exit
printf '%s\n' "$forwards" >"$node/forwards"
lab_pin
`}`

/** Sends commands to the machine's monitor. */
export const sendMonitorCommands = (vm: VmSettings, ...commands: readonly string[]): string =>
  `${settingVariables(vm)}${monitorFunction}${sh`lab_monitor "$node/qmp" ${commands}`}`

/** Whatever an interrupted run has left: its cables are plugged in, and it is not paused. */
export const resumeVm = (vm: VmSettings): string => sendMonitorCommands(vm, 'set_link n0 on', 'set_link n1 on', 'cont')

/** Prints what there is of the machine. */
export const probeVm = (vm: VmSettings): string =>
  `${settingVariables(vm)}${processFunctions}${waitForSsh}${String.raw`
${qemuOfMachine}for command in "$qemu" qemu-img ssh-keygen ssh-keyscan cpio; do command -v "$command" >/dev/null || printf 'missing %s\n' "$command"; done
if [ -n "$cloud" ]; then [ -r "$cloud" ] || echo no-image; else [ -s "$images/current/disk.raw" ] || echo no-image; fi
[ -s "$dir/id_ed25519.pub" ] || echo no-key
[ -s "$dir/link" ] && [ -s "$dir/acceleration" ] || echo no-network
[ ! -e "$node" ] || echo folder
pid=$(lab_vm_pid "$dir" "$name")
if [ -n "$pid" ]; then
  printf 'pid %s\n' "$pid"
  [ "$(cat "$node/shape" 2>/dev/null)" != "$shape" ] || echo shape
  [ "$(cat "$node/forwards" 2>/dev/null)" != "$forwards" ] || echo forwards
  grep -qxF "[127.0.0.1]:$port $(lab_key_of)" "$dir/known_hosts" 2>/dev/null && echo pinned
  lab_answers && echo answers
fi
true`}`
