import { sh } from '../../shell/quote.ts'
import type { Faults } from '../faults.ts'
import { awaitVm, goOn, launchVm, processFunctions, stopVm, tellVm, type VmSetting } from './scripts/vm.ts'

/** A boot under software emulation takes a minute, several if other machines boot too. */
const HERE = { host: 'controller', become: false, mendSeconds: 500 } as const

/**
 * Boots the machine unless it runs, reconnects and resumes it, then waits for its sshd. A zombie process still has a
 * PID, so the check looks at running processes.
 */
const recoverVm = (
  vm: VmSetting,
): string => `${processFunctions}${sh`if [ -z "$(lab_vm_pid ${vm.dir} ${vm.name})" ]; then`}
(${launchVm(vm)}) || exit
fi
(${goOn(vm)}) || exit
${awaitVm(vm)}`

/** Faults of virtual machines: kills the process, sets the links down, resets the machine. */
export function vmFaults(vm: VmSetting): Faults {
  const { name } = vm
  const setLinks = (state: 'on' | 'off'): string => tellVm(vm, `set_link n0 ${state}`, `set_link n1 ${state}`)
  return {
    powerOff: {
      says: `${name} loses power`,
      how: { make: `kill the virtual machine ${name}`, mend: `boot ${name} and wait for its sshd` },
      ...HERE,
      make: stopVm(vm),
      mend: recoverVm(vm),
    },
    cutOff: {
      says: `${name} is partitioned from the network`,
      how: {
        make: `set_link n0 off; set_link n1 off (QEMU's monitor of ${name})`,
        mend: `set_link n0 on; set_link n1 on`,
      },
      ...HERE,
      make: setLinks('off'),
      mend: setLinks('on'),
    },
    reboot: {
      says: `${name} is reset`,
      how: { make: `system_reset (QEMU's monitor of ${name})`, mend: `wait for the sshd of ${name}` },
      ...HERE,
      make: tellVm(vm, 'system_reset'),
      mend: recoverVm(vm),
    },
  }
}
