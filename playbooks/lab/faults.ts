import { type Message, messageText, timeoutMultiplierOf } from 'labbook'
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
