import { type Disturbance, type DisturbanceContext, type Message, messageText, timeoutMultiplierOf } from 'labbook'
import { type Fault, type Faults, machineFaults, providerOf } from 'labbook/lab'
import { type LabSetupContext } from '../messages/say.ts'
import { projectLab } from './lab.ts'

/** The faults that an experiment can inject into a node, for the lab's provider or a real machine. */
export function faultsOf(on: Pick<LabSetupContext, 'groups' | 'hostvars'>, name: string): Faults {
  const lab = projectLab(on)
  const node = lab?.nodes.find((each) => each.name === name)
  if (lab === undefined || node === undefined) {
    const slowdown = timeoutMultiplierOf(on, on.groups.all ?? [name])
    return machineFaults(name, Number(on.hostvars(name).ansible_port ?? 22), slowdown)
  }
  return providerOf(lab).faults(lab, node)
}

/** The description of a fault of a playbook, as text and as a message. */
export const describedBy = (text: Message): Pick<Fault, 'description' | 'text'> => ({
  description: messageText(text),
  text,
})

/** The effect of a fault on a host, without its name: on the user's own machines a power cut is a reset. */
export const disturbanceOf = ({ description: says }: Fault, host: string): Disturbance => ({
  host,
  what: says.startsWith(`${host} `) ? says.slice(host.length + 1) : says.replace(` of ${host} `, ' '),
})

/** Power-off of each host. */
export const powerOffEach = (
  on: Pick<DisturbanceContext, 'groups' | 'hostvars'>,
  hosts: readonly string[],
): Disturbance[] => hosts.map((host) => disturbanceOf(faultsOf(on, host).powerLoss, host))
