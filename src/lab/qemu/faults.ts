import { sh } from '../../shell/quote.ts'
import type { Faults } from '../faults.ts'
import { awaitVm, goOn, launchVm, processFunctions, stopVm, tellVm, type VmSetting } from './scripts/vm.ts'

/** A boot in software emulation takes a minute, and beside others several. */
const HERE = { host: 'controller', become: false, mendSeconds: 500 } as const

/**
 * Boots it unless it runs, plugs it in and lets it go on; then waits for its sshd. A process that was killed and that
 * nobody has waited for yet has a pid still, and runs no more.
 */
const whole = (vm: VmSetting): string => `${processFunctions}${sh`if [ -z "$(lab_vm_pid ${vm.dir} ${vm.name})" ]; then`}
(${launchVm(vm)}) || exit
fi
(${goOn(vm)}) || exit
${awaitVm(vm)}`

/** Of virtual machines: the process is killed, the cables are pulled, the reset button is pressed. */
export function vmFaults(vm: VmSetting): Faults {
  const { name } = vm
  const cables = (state: 'on' | 'off'): string => tellVm(vm, `set_link n0 ${state}`, `set_link n1 ${state}`)
  return {
    powerOff: {
      says: `${name} loses its power`,
      how: { make: `ends the virtual machine ${name} at once`, mend: `boots ${name}, and waits for its sshd` },
      ...HERE,
      make: stopVm(vm),
      mend: whole(vm),
    },
    cutOff: {
      says: `${name} is cut off from the network`,
      how: {
        make: `set_link n0 off; set_link n1 off (QEMU's monitor of ${name})`,
        mend: `set_link n0 on; set_link n1 on`,
      },
      ...HERE,
      make: cables('off'),
      mend: cables('on'),
    },
    reboot: {
      says: `${name} is reset`,
      how: { make: `system_reset (QEMU's monitor of ${name})`, mend: `waits for the sshd of ${name}` },
      ...HERE,
      make: tellVm(vm, 'system_reset'),
      mend: whole(vm),
    },
  }
}
