import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import k3sPlaybook from '../../../../../playbooks/k3s/playbook.ts'
import { ROOT } from '../../../../../playbooks/app/images/table.ts'
import { withLocalhost } from '../../../../../src/cli/localhost.ts'
import { stepsOf } from '../../../../../src/cli/playbook.ts'
import { parseInventory } from '../../../../../src/inventory/index.ts'
import { permissionFor } from '../../../../../src/runner/disturbance.ts'

const SHOP = path.join(ROOT, 'test/k3s/prove/shop.yaml')
const inventory = withLocalhost(
  parseInventory({
    main: {
      path: 'inventory.yaml',
      text: 'all: {children: {k3s_servers: {hosts: {a: }}, k3s_agents: {hosts: {b: , c: }}}}',
    },
  }),
)
const planned = (extraVars: Record<string, unknown>) => ({
  steps: stepsOf(k3sPlaybook, ['prove'], extraVars),
  inventory,
  hosts: [...inventory.hosts.keys()],
  extraVars,
  tags: { tags: [], skipTags: [] },
  check: false,
})
const names = (extraVars: Record<string, unknown>): string[] => planned(extraVars).steps.map(({ name }) => name)

t.test('the manifests are applied and inspected before anything is disturbed', async (t) => {
  t.same(names({ manifests: SHOP, experiments: 'drain,kill' }), [
    'Deploy manifests',
    'Inspect the workloads',
    'Kill a pod of each workload',
    'Drain and uncordon a node of the workloads',
    'Suggest changes of the manifests',
  ])
  t.equal(names({ manifests: SHOP }).length, 13, 'all experiments by default')
})

t.test('faults need permission on machines of the user, with what they do', async (t) => {
  const { refused } = permissionFor(planned({ manifests: SHOP, experiments: 'settings,kill,power-cut' }), {})
  t.same(
    refused.map(({ step, disturbances }) => [step.name, ...disturbances.map(({ host, what }) => `${host}: ${what}`)]),
    [
      ['Kill a pod of each workload', ...['a', 'b', 'c'].map((host) => `${host}: a pod of web, api, report is killed`)],
      ['Power off a node of the workloads', ...['b', 'c'].map((host) => `${host}: is reset without a shutdown`)],
    ],
  )
})

t.test('--list shows what would be tried', async (t) => {
  const text = k3sPlaybook.preview?.(['prove'], { manifests: SHOP }) ?? ''
  t.match(text, /^30080 {13}web {7}every node {2}GET \/health/m)
  t.match(text, /^dependency {5}api {15}a workload that others use$/m)
  t.match(text, /^drain {10}web, api, report {2}an agent without a pod of a stateful workload$/m)
  t.equal(k3sPlaybook.preview?.(['up'], {}), '')
})

t.test('errors of the selection', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-prove-k3s-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const fails = (vars: Record<string, unknown>, message: RegExp): void => {
    t.throws(() => names(vars), { message })
  }
  fails({}, /no manifests selected/)
  fails({ manifests: path.join(directory, 'nothing') }, /does not exist/)
  fails({ manifests: directory }, /has no file \*\.yaml/)
  writeFileSync(path.join(directory, 'a.yaml'), '# nothing')
  fails({ manifests: directory }, /contain no objects/)
  writeFileSync(path.join(directory, 'kustomization.yaml'), '')
  fails({ manifests: directory }, /is a Kustomization or a Helm chart/)
  fails({ manifests: SHOP, experiments: 'kil' }, /there is no "kil": did you mean "?kill/)
  fails({ manifests: SHOP, services: 'wep' }, /no workload "wep": did you mean "?web/)
})
