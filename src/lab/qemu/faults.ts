import { sh } from '../../shell/quote.ts'
import { described, type Faults } from '../faults.ts'
import {
  waitForVm,
  resumeVm,
  launchVm,
  processFunctions,
  stopVm,
  sendMonitorCommands,
  type VmSettings,
} from '../../modules/lab/qemu/scripts/vm.ts'

/** A boot under software emulation takes a minute, several if other machines boot too. */
const HERE = { host: 'controller', become: false, recoverSeconds: 500 } as const

/**
 * Boots the machine unless it runs, reconnects and resumes it, then waits for its sshd. A zombie process still has a
 * PID, so the check looks at running processes.
 */
const recoverVm = (
  vm: VmSettings,
): string => `${processFunctions}${sh`if [ -z "$(lab_vm_pid ${vm.dir} ${vm.name})" ]; then`}
(${launchVm(vm)}) || exit
fi
(${resumeVm(vm)}) || exit
${waitForVm(vm)}`

/** Faults of virtual machines: kills the process, sets the links down, resets the machine. */
export function vmFaults(vm: VmSettings): Faults {
  const { name } = vm
  const setLinks = (state: 'on' | 'off'): string =>
    sendMonitorCommands(vm, `set_link n0 ${state}`, `set_link n1 ${state}`)
  return {
    powerLoss: {
      ...described('{node} loses power', name),
      summary: { inject: `kill the virtual machine ${name}`, recover: `boot ${name} and wait for its sshd` },
      ...HERE,
      inject: stopVm(vm),
      recover: recoverVm(vm),
    },
    partition: {
      ...described('{node} is partitioned from the network', name),
      summary: {
        inject: `set_link n0 off; set_link n1 off (QEMU's monitor of ${name})`,
        recover: `set_link n0 on; set_link n1 on`,
      },
      ...HERE,
      inject: setLinks('off'),
      recover: setLinks('on'),
    },
    reboot: {
      ...described('{node} is reset', name),
      summary: { inject: `system_reset (QEMU's monitor of ${name})`, recover: `wait for the sshd of ${name}` },
      ...HERE,
      inject: sendMonitorCommands(vm, 'system_reset'),
      recover: recoverVm(vm),
    },
  }
}
