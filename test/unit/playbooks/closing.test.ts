import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import app from '../../../playbooks/app/playbook.ts'
import experiments from '../../../playbooks/experiments/playbook.ts'
import full from '../../../playbooks/full/playbook.ts'
import lab from '../../../playbooks/lab/playbook.ts'
import site from '../../../playbooks/site/playbook.ts'
import type { ClosingContext } from '../../../src/labbook.ts'
import { parseOptions } from '../../../src/cli/options.ts'
import { readInventory } from '../../../src/inventory/index.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const inventory = await readInventory(`${ROOT}/inventory.yaml`)

function runOf(context: Partial<ClosingContext> = {}, own: Readonly<Record<string, unknown>> = {}): ClosingContext {
  return {
    args: [],
    inventory: ['inventory.yaml'],
    findings: [],
    groups: Object.fromEntries([...inventory.groups].map(([name, { hosts }]) => [name, hosts])),
    hostvars: (host) => ({ ...inventory.hosts.get(host)?.vars, ...own }),
    ...context,
  }
}

const DRAINED: ClosingContext['findings'] = [
  { id: 'swarm.nodes.ready', holds: true },
  { id: 'app.replicas.answer', holds: true },
  {
    id: 'swarm.drain.evacuates',
    holds: true,
    measured: [
      { name: 'reschedule time', unit: 's', values: [6.43, 5.428] },
      { name: 'failed requests', unit: '', values: [3, 0] },
    ],
  },
]

t.test('quick start summary shows URL and role of each node, two metrics of the drain, next steps', async (t) => {
  const closing = site.closing?.(runOf({ findings: DRAINED }))
  t.strictSame(closing?.standing, [
    ['Counter app', 'published on every node'],
    ['node1', 'http://10.77.0.11:8080  manager'],
    ['node2', 'http://10.77.0.12:8080  worker'],
    ['node3', 'http://10.77.0.13:8080  worker'],
  ])
  t.strictSame(closing?.figures, [
    ['Reschedule time', '5.4 s after the drain of a node'],
    ['Failed requests', '0 through the other nodes during the drain'],
  ])
  t.strictSame(closing?.next, [
    ['Run all experiments', 'npm run experiments'],
    ['Measure capacity under load', 'npx zx playbooks/experiments.mjs load-capacity'],
    ['Print the report as PDF', 'npx zx playbooks/report.mjs --format pdf'],
    ['Use your own machines', 'edit inventory.yaml (its comments say how), then npx zx playbooks/site.mjs'],
    ['Remove the lab', 'npx zx playbooks/lab.mjs down'],
  ])
})

t.test('summary shows only what the run has verified', async (t) => {
  t.strictSame(site.closing?.(runOf())?.standing, [])
  t.strictSame(site.closing?.(runOf())?.figures, [])
  t.strictSame(site.closing?.(runOf({ findings: DRAINED.slice(0, 1) }))?.standing, [
    ['node1', 'manager'],
    ['node2', 'worker'],
    ['node3', 'worker'],
  ])
  t.strictSame(site.closing?.(runOf({ findings: [{ id: 'app.replicas.answer', holds: null }] }))?.standing, [])
})

t.test('summary for own machines has no lab to remove, and its commands name the inventory', async (t) => {
  const next = site.closing?.(
    runOf({ inventory: ['my hosts.yaml'], findings: DRAINED }, { lab_provider: undefined }),
  )?.next
  t.strictSame(
    next?.map(([, command]) => command),
    [
      "npm run experiments -- -i 'my hosts.yaml'",
      "npx zx playbooks/experiments.mjs load-capacity -i 'my hosts.yaml'",
      'npx zx playbooks/report.mjs --format pdf',
    ],
  )
})

t.test('summary counts nodes beyond the limit, and URLs use forwarded ports', async (t) => {
  const swarm = Array.from({ length: 50 }, (_, i) => `web${i + 1}`)
  const vars = { ansible_host: '127.0.0.1', counter_port: 8080, lab_forwards: { 8080: 22_101 } }
  const standing = site.closing?.(
    runOf({ findings: DRAINED, groups: { swarm, swarm_managers: ['web1'] } }, vars),
  )?.standing
  t.strictSame(standing?.slice(0, 2), [
    ['Counter app', 'published on every node'],
    ['web1', 'http://127.0.0.1:22101  manager'],
  ])
  t.strictSame(standing?.at(-1), ['', 'and 42 more nodes'])
})

t.test('next steps name only what has not been run', async (t) => {
  const commands = (playbook: typeof site, findings = DRAINED): readonly string[] =>
    playbook.closing?.(runOf({ findings }))?.next.map(([, command]) => command) ?? []
  t.ok(commands(app).includes('npx zx playbooks/site.mjs'))
  t.ok(commands(experiments).includes('npx zx playbooks/experiments.mjs load-capacity'))
  t.notOk(
    commands(experiments, [...DRAINED, { id: 'load.scaling', holds: true }]).some((command) =>
      command.includes('load-capacity'),
    ),
  )
  t.notOk(commands(full).includes('npm run experiments'))
})

t.test('lab summary lists its nodes after up only', async (t) => {
  t.strictSame(lab.closing?.(runOf())?.standing, [
    ['node1', '10.77.0.11'],
    ['node2', '10.77.0.12'],
    ['node3', '10.77.0.13'],
  ])
  t.equal(lab.closing?.(runOf({ args: ['down'] })), undefined)
})

t.test('next steps contain only existing commands', async (t) => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { scripts: Record<string, string> }
  const playbooks = { site, app, experiments, full, lab }
  for (const playbook of Object.values(playbooks)) {
    for (const [, command] of playbook.closing?.(runOf({ findings: DRAINED }))?.next ?? []) {
      const script = /npm run (\S+)/.exec(command)?.[1]
      if (script !== undefined) t.ok(script in scripts, command)
      const [, name = '', words = ''] = /npx zx playbooks\/(\w+)\.mjs ?(.*)$/.exec(command) ?? []
      if (name === '' || name === 'report') continue
      const named = playbooks[name as keyof typeof playbooks]
      t.doesNotThrow(() => parseOptions(words.split(' ').filter(Boolean), named.subcommands), command)
    }
  }
})
