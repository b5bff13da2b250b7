import t from 'tap'
import { labMachineTest, withLab } from '../../../src/cli/lab.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { parseInventory } from '../../../src/inventory/index.ts'

/** @param vars - variables of all hosts. @param hosts - variables by host. */
function machines(vars: string, hosts: Record<string, string>, extraVars: Record<string, unknown> = {}): string[] {
  const lines = Object.entries(hosts).map(([name, own]) => `    ${name}: ${own}`)
  const inventory = withLab(
    withLocalhost(
      parseInventory({
        main: {
          path: 'inventory.yaml',
          text: `all:\n  vars: {lab_name: lbmachines, ${vars}}\n  hosts:\n${lines.join('\n')}\n`,
        },
      }),
    ),
    undefined,
  )
  const isLab = labMachineTest(inventory, extraVars)
  return [...inventory.hosts.keys(), 'nosuch'].filter(isLab)
}

t.test('lab machines are nodes with addresses in the lab network', async (t) => {
  t.same(machines('lab_provider: namespaces', { a: '{ansible_host: 10.77.0.11}', b: '{ansible_host: 10.77.0.12}' }), [
    'a',
    'b',
  ])
  t.same(machines('lab_provider: namespaces, lab_subnet: 10.79.0.0/24', { a: '{ansible_host: 10.79.0.11}' }), ['a'])
  t.same(machines('x: 1', { a: '{ansible_host: 10.77.0.11}' }), [], 'without lab_provider there is no lab')
})

t.test('own machine with lab_provider is not a lab machine', async (t) => {
  t.same(machines('lab_provider: namespaces', { a: '{ansible_host: 192.0.2.1}', b: '{ansible_host: 10.77.0.12}' }), [
    'b',
  ])
  t.same(
    machines('lab_provider: namespaces', { a: '{ansible_host: a.example.org}', b: '{ansible_host: 10.77.0.1}' }),
    [],
    "a host name, and the controller's address in the lab",
  )
  t.same(
    machines('lab_provider: namespaces', {
      a: '{ansible_host: 10.77.0.11}',
      b: '{ansible_host: 10.77.0.12, ansible_connection: local}',
    }),
    ['a'],
  )
  t.same(
    machines('lab_provider: namespaces', { a: '{ansible_host: 10.77.0.11}' }, { ansible_host: '192.0.2.1' }),
    [],
    'the address comes from the command line',
  )
  t.same(machines('x: 1', { a: '{ansible_host: 192.0.2.1}' }, { lab_provider: 'namespaces' }), [])
})

t.test('virtual machines are identified by their forwarded ports', async (t) => {
  t.same(
    machines('lab_provider: qemu', { a: '{ansible_host: 10.77.0.11}', b: '{}' }),
    ['a', 'b'],
    'the command line overrides the inventory',
  )
  t.same(machines('lab_provider: qemu', { a: '{}', b: '{}' }, { ansible_host: '192.0.2.1' }), [])
  t.same(machines('lab_provider: qemu', { a: '{}', b: '{}' }, { ansible_port: 22 }), [])
})
