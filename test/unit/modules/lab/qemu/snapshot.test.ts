import t from 'tap'
import { lab_vm_snapshot } from '../../../../../src/modules/lab/qemu/snapshot.ts'
import { descriptions, planFor } from '../planned.ts'
import { node1 } from './machine.ts'

t.test('lab_vm_snapshot saves running machines once, and restores only the same machines', async (t) => {
  const snapshot = { dir: '/srv/labs/vm', name: 'ready', vms: [node1] }
  t.strictSame(descriptions(planFor(lab_vm_snapshot, snapshot, '')), ['save memory and disks of node1 as ready'])
  t.strictSame(planFor(lab_vm_snapshot, snapshot, 'there\n').changes, [])
  t.match(planFor(lab_vm_snapshot, snapshot, 'down node1\n').problem, /node1 does not run/)
  const facts = 'there\nwith tcg\nhardware node1:1024:1:0\naccel tcg\nknown ready\n'
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts)), [
    'restore node1 from ready',
  ])
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, 'known a\nknown b\n').problem,
    /no snapshot "ready"; available: a, b/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts.replace('1024', '2048')).problem,
    /"ready" has other machines/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts.replace('with tcg', 'with kvm')).problem,
    /created with kvm, the machines now use tcg/,
  )
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'absent' }, facts)), [
    'delete snapshot ready',
  ])
  t.notOk(lab_vm_snapshot.definition.schema.safeParse({ ...snapshot, name: 'a b' }).success)
})
