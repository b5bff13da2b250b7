import t from 'tap'
import { lab_vm_switch } from '../../../../../src/modules/lab/qemu/switch.ts'
import { descriptions, planFor } from '../planned.ts'

t.test('lab_vm_switch starts, restarts and removes the switch, with all machines', async (t) => {
  const network = { dir: '/srv/labs/vm', nodes: ['node1', 'node2'] }
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\n')), ['start the switch of the lab'])
  t.strictSame(
    planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nfolder\nnode node1\nvm 7 node1\n').changes,
    [],
  )
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nfolder\nvm 7 node1\n')), [
    'start the switch of the lab and stop node1, which cannot reconnect',
  ])
  t.match(descriptions(planFor(lab_vm_switch, network, '')), [
    /^connect the nodes via multicast 239\.255\.\d+\.\d+:2\d{4} on the loopback interface$/,
  ])
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nnode node3\n')), [
    'stop node3 and remove its disk',
  ])
  t.strictSame(
    descriptions(planFor(lab_vm_switch, { ...network, state: 'absent' }, 'folder\nvm 7 node1\nswitch 12\n')),
    ['stop node1, the switch and remove /srv/labs/vm'],
  )
  t.strictSame(planFor(lab_vm_switch, { ...network, state: 'absent' }, '').changes, [])
  t.notOk(
    lab_vm_switch.definition.schema.safeParse({ dir: `/srv/${'x'.repeat(80)}` }).success,
    'socket paths would be too long',
  )
})
