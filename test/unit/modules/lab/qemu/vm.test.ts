import t from 'tap'
import { lab_vm } from '../../../../../src/modules/lab/qemu/vm.ts'
import { descriptions, planFor } from '../planned.ts'
import { node1, without } from './machine.ts'

t.test('lab_vm does not change a healthy machine', async (t) => {
  t.strictSame(planFor(lab_vm, node1, without()), {
    changes: [],
    values: { pid: 4711, known_hosts: '/srv/labs/vm/known_hosts' },
  })
})

t.test('lab_vm boots a missing machine, reboots a resized one, and updates ports at run time', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, '')), [
    'boot node1 (10.78.0.11, 1024 MiB, 1 CPU; SSH on 127.0.0.1:22100)',
  ])
  t.match(descriptions(planFor(lab_vm, { ...node1, memory: '2G', cpus: 2 }, without('shape'))), [
    /^reboot node1 \(10\.78\.0\.11, 2048 MiB, 2 CPUs/,
  ])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('forwards'))), [
    'update port forwards and known_hosts of node1',
  ])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('pinned'))), [
    'update port forwards and known_hosts of node1',
  ])
})

t.test('lab_vm waits for SSH unless wait is false', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, without('answers'))), ['wait for node1'])
  t.strictSame(planFor(lab_vm, { ...node1, wait: false }, without('answers')).changes, [])
})

t.test('states stopped and absent of lab_vm are idempotent', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'stopped' }, without())), ['stop node1'])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'stopped' }, 'folder').changes, [])
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'absent' }, 'folder')), [
    'stop node1 and remove its disk',
  ])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'absent' }, '').changes, [])
})

t.test('lab_vm names a missing requirement and the module that creates it', async (t) => {
  t.match(
    planFor(lab_vm, node1, 'missing qemu-system-x86_64\nmissing cpio').problem,
    /missing qemu-system-x86_64, cpio: install the packages/,
  )
  t.equal(
    planFor(lab_vm, node1, 'no-image').problem,
    'no image for "node1" in "/srv/labs/images": run lab_vm_image first',
  )
  t.equal(
    planFor(lab_vm, { ...node1, cloud_image: '/srv/a.qcow2' }, 'no-image').problem,
    'cannot read the image "/srv/a.qcow2" for "node1"',
  )
  t.match(planFor(lab_vm, node1, 'no-key').problem, /run lab_keys first/)
  t.match(planFor(lab_vm, node1, 'no-network').problem, /run lab_vm_switch and lab_vm_acceleration first/)
  t.equal(planFor(lab_vm, node1, `no-image\n${without()}`).problem, undefined, 'a running machine needs no image')
})
