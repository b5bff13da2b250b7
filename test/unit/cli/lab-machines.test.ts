import t from 'tap'
import { labMachineTest, withLab, withSelectedProvider } from '../../../src/cli/lab.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import { labOf, type Lab } from '../../../src/lab/lab.ts'
import { inventoryVariables } from '../../../src/playbook/variables.ts'

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
    { extraVars },
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

/** The lab of a run with these extra variables, and the variables of its node `a`. */
function labOfRun(
  inventoryVars: string,
  extra: Record<string, unknown>,
  provider?: string,
): { lab: Lab | undefined; vars: Readonly<Record<string, unknown>>; isLab: boolean } {
  const text = `all: {vars: {lab_name: lbmachines, ${inventoryVars}}, hosts: {a: }}\n`
  const inventory = withLab(withLocalhost(parseInventory({ main: { path: 'inventory.yaml', text } })), {
    provider,
    extraVars: extra,
  })
  const extraVars = withSelectedProvider(extra, inventory)
  const hostvars = inventoryVariables(inventory, extraVars)
  return {
    lab: labOf({ groups: { all: [...inventory.hosts.keys()] }, hostvars }),
    vars: hostvars('a'),
    isLab: labMachineTest(inventory, extraVars)('a'),
  }
}

t.test('extra variables about the lab count when the variables of its hosts are set', async (t) => {
  const cases: [string, string, Record<string, unknown>, string | undefined, RegExp, string?][] = [
    ['another machine', 'lab_provider: qemu', { lab_name: 'other' }, undefined, /^other \/.*\/vm-other$/],
    ['another lab', 'lab_provider: namespaces', { lab_name: 'other' }, undefined, /^other \/.*\/lab-other$/],
    ['a directory', 'lab_provider: namespaces', { lab_dir: '/x' }, undefined, /^lbmachines \/x$/],
    ['a directory with --provider', 'lab_provider: namespaces', { lab_dir: '/x' }, 'qemu', /^lbmachines \/x$/],
    [
      'that of the inventory with --provider',
      'lab_provider: namespaces, lab_dir: /x',
      {},
      'qemu',
      /^lbmachines \/x-vm$/,
    ],
    ['a subnet', 'lab_provider: namespaces', { lab_subnet: '10.78.0.0/24' }, undefined, /lbmachines/, '10.78.0.11'],
    ['a subnet of machines', 'lab_provider: qemu', { lab_subnet: '10.78.0.0/24' }, undefined, /lbmach/, '10.78.0.11'],
    [
      'what an address is made of',
      'lab_provider: namespaces, ansible_host: "{{ net }}.12"',
      { net: '10.77.0' },
      undefined,
      /lbmachines/,
      '10.77.0.12',
    ],
  ]
  for (const [title, vars, extra, provider, expected, address] of cases) {
    const run = labOfRun(vars, extra, provider)
    t.match(`${run.lab?.name} ${run.lab?.dir}`, expected, title)
    t.equal(run.vars.ansible_ssh_private_key_file, `${run.lab?.dir}/id_ed25519`, `${title}: the key is that of the lab`)
    t.equal(run.lab?.nodes[0]?.address, address ?? '10.77.0.11', title)
    t.ok(run.isLab, title)
  }
})

t.test('-e lab_provider selects as --provider does, which precedes it', async (t) => {
  const auto = parseInventory({
    main: { path: 'i.yaml', text: 'all: {hosts: {a: {lab_provider: namespaces, lab_name: lbmachines}}}' },
  })
  t.strictSame(
    withSelectedProvider({ lab_provider: 'auto', x: 1 }, withLab(auto, {})),
    { lab_provider: 'namespaces', x: 1 },
    'auto is no provider: the selected one counts',
  )
  const both = labOfRun('lab_provider: namespaces', { lab_provider: 'namespaces' }, 'qemu')
  t.equal(both.lab?.provider, 'qemu')
  t.equal(both.vars.ansible_host, '127.0.0.1')
  const moved = labOfRun('lab_provider: namespaces, lab_dir: /x', { lab_provider: 'qemu' }, 'qemu')
  t.equal(moved.lab?.dir, '/x-vm', 'the directory of the inventory is that of its provider')
})
