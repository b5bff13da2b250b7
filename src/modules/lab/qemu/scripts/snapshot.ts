import { raw, sh } from '../../../../shell/quote.ts'
import { monitorFunction } from './monitor.ts'
import { waitForVm, loadVm, processFunctions, stopVm, vmDirectory, type VmSettings } from './vm.ts'

/** The hardware that a snapshot requires. */
export const hardwareOf = (vms: readonly VmSettings[]): string =>
  vms.map(({ name, memoryMiB, cpus, dataDiskBytes }) => `${name}:${memoryMiB}:${cpus}:${dataDiskBytes ?? 0}`).join(' ')

const sockets = (vms: readonly VmSettings[]): string[] => vms.map(({ dir, name }) => `${vmDirectory(dir, name)}/qmp`)

/** Sends a command to every machine, in order. */
const sendAll = (vms: readonly VmSettings[], command: string): string =>
  sh`for socket in ${sockets(vms)}; do lab_monitor "$socket" ${command} || failed=yes; done`

/**
 * Saves memory and disks of all machines. All are paused meanwhile, so that the snapshot is consistent. If one fails,
 * the snapshots of the others are deleted.
 */
export const saveSnapshot = (vms: readonly VmSettings[], dir: string, name: string): string =>
  `${monitorFunction}${sh`
failed=
${raw(sendAll(vms, 'stop'))}
[ -n "$failed" ] || { ${raw(sendAll(vms, `savevm ${name}`))}; }
[ -z "$failed" ] || { ${raw(sendAll(vms, `delvm ${name}`))}; } 2>/dev/null
${raw(sendAll(vms, 'cont'))}
[ -z "$failed" ] || exit 1
mkdir -p ${`${dir}/snapshots`} && read -r accel why <${`${dir}/acceleration`} &&
  printf '%s\n%s\n%s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$accel" ${hardwareOf(vms)} >${`${dir}/snapshots/${name}`}`}`

/** Restarts all machines from the snapshot, paused; then resumes all and sets their clocks. */
export const resumeSnapshot = (vms: readonly VmSettings[], dir: string, name: string): string =>
  [
    // No machine may run while others are already restored.
    ...vms.map((vm) => `(${stopVm(vm)}) || exit`),
    ...vms.map((vm) => `(${loadVm(vm, name)}) || exit`),
    monitorFunction,
    'failed=',
    sendAll(vms, 'cont'),
    '[ -z "$failed" ] || exit 1',
    ...vms.map((vm) => `(${waitForVm(vm, 120)}) || exit`),
    ...vms.map(
      ({ sshPort }) => sh`
ssh -F none -i ${`${dir}/id_ed25519`} -o UserKnownHostsFile=${`${dir}/known_hosts`} -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes \
  -o BatchMode=yes -o ConnectTimeout=30 -p ${sshPort} ops@127.0.0.1 "sudo date -s @$(date +%s)" >/dev/null </dev/null || exit`,
    ),
  ].join('\n')

export const removeSnapshot = (vms: readonly VmSettings[], dir: string, name: string): string =>
  `${processFunctions}${monitorFunction}${vms
    .map((vm) => {
      const node = vmDirectory(dir, vm.name)
      return sh`
if [ -n "$(lab_vm_pid ${dir} ${vm.name})" ]; then lab_monitor ${`${node}/qmp`} ${`delvm ${name}`} || exit
else for disk in ${node}/*.qcow2; do qemu-img snapshot -d ${name} "$disk" || exit; done
fi`
    })
    .join('')}${sh`
rm -f ${`${dir}/snapshots/${name}`}`}`

/** Prints a line per snapshot: name, creation time, accelerator, size of the saved memory. */
export const listSnapshots = (dir: string, nodes: readonly string[]): string => sh`
printf '%-20s %-20s %-6s %s\n' NAME CREATED ACCEL MEMORY
for file in ${`${dir}/snapshots`}/*; do
  [ -e "$file" ] || { echo 'no snapshots'; break; }
  name=$(basename "$file")
  { read -r made; read -r accel; } <"$file"
  sizes=
  for node in ${nodes}; do
    sizes="$sizes$node $(qemu-img snapshot -U -l ${dir}/nodes/$node/disk.qcow2 2>/dev/null | awk -v name="$name" '$2 == name { print $3 $4 }') "
  done
  printf '%-20s %-20s %-6s %s\n' "$name" "$made" "$accel" "$sizes"
done`
