import { spawnSync } from 'node:child_process'
import t from 'tap'
import { lab_vm_acceleration } from '../../../../../src/modules/lab/qemu/acceleration.ts'
import { vmFaults } from '../../../../../src/lab/qemu/faults.ts'
import { lab_vm_image } from '../../../../../src/modules/lab/qemu/image.ts'
import { qemu } from '../../../../../src/lab/qemu/provider.ts'
import { loadVm } from '../../../../../src/modules/lab/qemu/scripts/vm.ts'
import { lab_vm_snapshot } from '../../../../../src/modules/lab/qemu/snapshot.ts'
import { lab_vm_switch } from '../../../../../src/modules/lab/qemu/switch.ts'
import { lab_vm, vmSettings } from '../../../../../src/modules/lab/qemu/vm.ts'
import { labOf } from '../../../../../src/lab/lab.ts'
import { shells } from '../../../../support/shells.ts'
import { planFor } from '../planned.ts'
import type { Faults } from '../../../../../src/lab/faults.ts'
import { node1, without } from './machine.ts'

const hosts: Record<string, Record<string, unknown>> = {
  node1: { ansible_host: '10.77.0.11', lab_provider: 'qemu', lab_memory: '1G' },
  node2: { lab_provider: 'qemu' },
}

const lab = labOf({ groups: { all: ['node1', 'node2'] }, hostvars: (host) => hosts[host] ?? {} })

if (lab === undefined) throw new Error('there is a lab')

const modules = [...qemu.up(lab), ...qemu.down(lab), ...(qemu.snapshots?.save(lab, 'a') ?? [])]

const scripts: Record<string, string> = {
  status: qemu.status(lab),
  parts: qemu.resources(lab),
  list: qemu.snapshots?.list(lab) ?? '',
  load: loadVm(vmSettings(node1), 'a'),
}

for (const { module, params } of modules)
  if (module.name.startsWith('lab_vm'))
    scripts[`probe of ${module.name}`] = module.probe(module.schema.parse(params), {})

const plans = [
  planFor(lab_vm_image, { path: '/srv/labs/images' }, 'sources 1\nrelease bookworm\nwanted abc\n'),
  planFor(lab_vm_acceleration, { dir: '/srv/labs/vm', images: '/srv/labs/images' }, ''),
  planFor(lab_vm_acceleration, { dir: '/srv/labs/vm', images: '/srv/labs/images', want: 'tcg' }, ''),
  planFor(lab_vm_switch, { dir: '/srv/labs/vm', nodes: [] }, 'can-vde\nvm 7 node9\n'),
  planFor(lab_vm_switch, { dir: '/srv/labs/vm', state: 'absent' }, 'folder\n'),
  planFor(lab_vm, node1, ''),
  planFor(lab_vm, { ...node1, wait: false }, ''),
  planFor(lab_vm, node1, without('forwards')),
  planFor(lab_vm, node1, without('answers')),
  planFor(lab_vm, { ...node1, state: 'stopped' }, 'pid 1'),
  planFor(lab_vm, { ...node1, state: 'absent' }, 'pid 1'),
  planFor(lab_vm_snapshot, { dir: '/srv/labs/vm', name: 'a', vms: [node1] }, ''),
  planFor(
    lab_vm_snapshot,
    { dir: '/srv/labs/vm', name: 'a', vms: [node1], state: 'resumed' },
    'there\nwith tcg\naccel tcg\nhardware node1:1024:1:0\n',
  ),
  planFor(lab_vm_snapshot, { dir: '/srv/labs/vm', name: 'a', vms: [node1], state: 'absent' }, 'there\n'),
]

for (const { description, script } of plans.flatMap((plan) => plan.changes)) scripts[description] = script

for (const [name, fault] of Object.entries<Faults[keyof Faults]>({ ...vmFaults(vmSettings(node1)) }))
  Object.assign(scripts, { [`${name}: inject`]: fault.inject, [`${name}: recover`]: fault.recover })

t.test('no script contains an unresolved value', async (t) => {
  t.ok(Object.keys(scripts).length > 25)
  for (const [name, script] of Object.entries(scripts)) t.notMatch(script, /undefined|\[object|NaN/, name)
})

for (const shell of shells) {
  t.test(`${shell.name} parses every script`, async (t) => {
    const [command, ...args] = shell.argv
    for (const [name, script] of Object.entries(scripts)) {
      const { status, stderr } = spawnSync(command, [...args, '-n'], { input: script, encoding: 'utf8' })
      t.equal(status, 0, `${name}: ${stderr}`)
    }
  })
}
