import * as z from 'zod'
import { defineModule } from '../task.ts'
import { sh } from '../../shell/quote.ts'
import { labName, nodeName, parseFacts, kernelNames } from './names.ts'

const schema = z.strictObject({
  lab: labName,
  name: nodeName,
  state: z
    .enum(['up', 'down'])
    .describe('down: the node keeps running, partitioned from all others and from this machine'),
})

/** A node's port on the lab's switch: partitions the node from the network, and reconnects it. */
export const lab_port = defineModule({
  name: 'lab_port',
  schema,
  reads: ({ lab, name }) => [`lab-network:${lab}`, `lab-port:${kernelNames(lab).node(name)}`],
  sets: ({ lab, name }) => [`lab-port:${kernelNames(lab).node(name)}`],
  title: ({ name, state }) => `${name} ${state}`,
  probe: ({ lab, name }) => sh`
ip -n ${kernelNames(lab).switchNamespace} -o link show ${kernelNames(lab).port(name)} >/dev/null 2>&1 && echo there
ip -n ${kernelNames(lab).switchNamespace} -o link show ${kernelNames(lab).port(name)} up 2>/dev/null | grep -q . && echo up
true`,
  plan: ({ lab, name, state }, { stdout }) => {
    const facts = new Map(parseFacts(stdout))
    if (!facts.has('there'))
      return { changes: [], problem: `"${name}" has no port on the switch of "${lab}": run lab_network first` }
    if (facts.has('up') === (state === 'up')) return { changes: [] }
    const script = sh`ip -n ${kernelNames(lab).switchNamespace} link set ${kernelNames(lab).port(name)} ${state}`
    return { changes: [{ description: `set the port of ${name} ${state}`, script }] }
  },
})
