import { raw, sh } from '../../../shell/quote.ts'
import { monitorFunction } from './monitor.ts'
import { awaitVm, loadVm, processFunctions, stopVm, vmFolder, type VmSetting } from './vm.ts'

/** What a snapshot can only be brought back with: the same hardware. */
export const hardwareOf = (vms: readonly VmSetting[]): string =>
  vms.map(({ name, memoryMiB, cpus, dataDiskBytes }) => `${name}:${memoryMiB}:${cpus}:${dataDiskBytes ?? 0}`).join(' ')

const sockets = (vms: readonly VmSetting[]): string[] => vms.map(({ dir, name }) => `${vmFolder(dir, name)}/qmp`)

/** Tells every machine something, in turn. */
const tellAll = (vms: readonly VmSetting[], command: string): string =>
  sh`for socket in ${sockets(vms)}; do lab_monitor "$socket" ${command} || failed=yes; done`

/**
 * Keeps memory and disks of all machines under a name. All stand still meanwhile, so that none of them remembers what
 * another has forgotten; one that cannot be kept takes the others' part of the snapshot with it.
 */
export const saveSnapshot = (vms: readonly VmSetting[], dir: string, name: string): string =>
  `${monitorFunction}${sh`
failed=
${raw(tellAll(vms, 'stop'))}
[ -n "$failed" ] || { ${raw(tellAll(vms, `savevm ${name}`))}; }
[ -z "$failed" ] || { ${raw(tellAll(vms, `delvm ${name}`))}; } 2>/dev/null
${raw(tellAll(vms, 'cont'))}
[ -z "$failed" ] || exit 1
mkdir -p ${`${dir}/snapshots`} && read -r accel why <${`${dir}/acceleration`} &&
  printf '%s\n%s\n%s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$accel" ${hardwareOf(vms)} >${`${dir}/snapshots/${name}`}`}`

/** All machines are ended and started from the snapshot, paused; then all go on, and are told what time it is now. */
export const resumeSnapshot = (vms: readonly VmSetting[], dir: string, name: string): string =>
  [
    // None may go on while others are back in the past.
    ...vms.map((vm) => `(${stopVm(vm)}) || exit`),
    ...vms.map((vm) => `(${loadVm(vm, name)}) || exit`),
    monitorFunction,
    'failed=',
    tellAll(vms, 'cont'),
    '[ -z "$failed" ] || exit 1',
    ...vms.map((vm) => `(${awaitVm(vm, 120)}) || exit`),
    ...vms.map(
      ({ sshPort }) => sh`
ssh -F none -i ${`${dir}/id_ed25519`} -o UserKnownHostsFile=${`${dir}/known_hosts`} -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes \
  -o BatchMode=yes -o ConnectTimeout=30 -p ${sshPort} ops@127.0.0.1 "sudo date -s @$(date +%s)" >/dev/null </dev/null || exit`,
    ),
  ].join('\n')

export const removeSnapshot = (vms: readonly VmSetting[], dir: string, name: string): string =>
  `${processFunctions}${monitorFunction}${vms
    .map((vm) => {
      const node = vmFolder(dir, vm.name)
      return sh`
if [ -n "$(lab_vm_pid ${dir} ${vm.name})" ]; then lab_monitor ${`${node}/qmp`} ${`delvm ${name}`} || exit
else for disk in ${node}/*.qcow2; do qemu-img snapshot -d ${name} "$disk" || exit; done
fi`
    })
    .join('')}${sh`
rm -f ${`${dir}/snapshots/${name}`}`}`

/** Prints a line for each snapshot: name, when it was made, room it takes in the disks' memory parts. */
export const listSnapshots = (dir: string, nodes: readonly string[]): string => sh`
printf '%-20s %-20s %-6s %s\n' NAME MADE WITH MEMORY
for file in ${`${dir}/snapshots`}/*; do
  [ -e "$file" ] || { echo 'none yet: lab.mjs snapshot NAME makes one'; break; }
  name=$(basename "$file")
  { read -r made; read -r accel; } <"$file"
  sizes=
  for node in ${nodes}; do
    sizes="$sizes$node $(qemu-img snapshot -U -l ${dir}/nodes/$node/disk.qcow2 2>/dev/null | awk -v name="$name" '$2 == name { print $3 $4 }') "
  done
  printf '%-20s %-20s %-6s %s\n' "$name" "$made" "$accel" "$sizes"
done`
