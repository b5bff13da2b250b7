import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import appPlaybook from '../../../playbooks/app/playbook.ts'
import balancerPlaybook from '../../../playbooks/balancer/playbook.ts'
import dockerPlaybook from '../../../playbooks/docker/playbook.ts'
import experimentsPlaybook from '../../../playbooks/experiments/playbook.ts'
import fullPlaybook from '../../../playbooks/full/playbook.ts'
import k3sPlaybook from '../../../playbooks/k3s/playbook.ts'
import labPlaybook from '../../../playbooks/lab/playbook.ts'
import loadPlaybook from '../../../playbooks/load/playbook.ts'
import provePlaybook from '../../../playbooks/prove/playbook.ts'
import redisPlaybook from '../../../playbooks/redis/playbook.ts'
import registryPlaybook from '../../../playbooks/registry/playbook.ts'
import sitePlaybook from '../../../playbooks/site/playbook.ts'
import swarmPlaybook from '../../../playbooks/swarm/playbook.ts'
import stackPlaybook from '../../../playbooks/stack/playbook.ts'
import { labMachineTest, withLab } from '../../../src/cli/lab.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { stepsOf, type Playbook } from '../../../src/cli/playbook.ts'
import { parseInventory, type Inventory } from '../../../src/inventory/index.ts'
import { disturbancesOf, permissionFor } from '../../../src/runner/disturbance.ts'
import type { Disturbance } from '../../../src/playbook/disturbs.ts'
import type { PlaybookStep } from '../../../src/playbook/play.ts'
import { tagList, type TagSelection } from '../../../src/playbook/tags.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const NO_TAGS = { tags: [], skipTags: [] }
const NAMES = readdirSync(path.join(ROOT, 'playbooks'), { recursive: true, encoding: 'utf8' })
  .filter((name) => path.basename(name) === 'playbook.ts')
  .map((name) => path.join('playbooks', name))

const text = readFileSync(path.join(ROOT, 'inventory.yaml'), 'utf8').replaceAll(
  'lab_provider: namespaces',
  'lab_provider: namespaces\n        lab_name: lbwalk',
)
const own = text
  .split('\n')
  .filter((line) => !/^ +lab_|BindAddress/.test(line))
  .join('\n')
const inventoryOf = (content: string): Inventory =>
  withLab(withLocalhost(parseInventory({ main: { path: 'inventory.yaml', text: content } })), {})
const ALONE =
  'all:\n  children:\n    docker: {hosts: {one: {ansible_host: 192.0.2.1}}}\n    swarm: {children: {swarm_managers: {hosts: {one: }}, swarm_workers: {hosts: {}}}}\n    registry: {hosts: {one: }}\n'
const INVENTORIES = {
  lab: inventoryOf(text),
  own: inventoryOf(own),
  'one machine': inventoryOf(ALONE),
  'no groups': inventoryOf('all:\n  hosts:\n    one: {ansible_host: 192.0.2.1}\n'),
}

/** The steps of a playbook for each subcommand; `redis.mjs switch` takes an argument. */
function stepsBySubcommand(playbook: Playbook): [string, readonly PlaybookStep[]][] {
  const words = Object.keys(playbook.subcommands ?? {})
  if (words.length === 0) return [[playbook.name, stepsOf(playbook, [])]]
  return words.flatMap((word): [string, readonly PlaybookStep[]][] => {
    const args = word.includes(' ')
      ? [word.split(' ')[0] ?? '', 'x']
      : playbook.name === 'redis'
        ? word === 'status'
          ? ['status']
          : word === 'switch'
            ? []
            : ['switch', word]
        : [word]
    // `k3s.mjs prove` reads them when its steps are listed.
    const extraVars = { manifests: path.join(ROOT, 'test/k3s/prove') }
    return args.length === 0 ? [] : [[`${playbook.name} ${args.join(' ')}`, stepsOf(playbook, args, extraVars)]]
  })
}

/** By file: bundled tests cannot import files found at run time. */
const PLAYBOOKS: Readonly<Record<string, Playbook>> = {
  'playbooks/app/playbook.ts': appPlaybook,
  'playbooks/balancer/playbook.ts': balancerPlaybook,
  'playbooks/docker/playbook.ts': dockerPlaybook,
  'playbooks/experiments/playbook.ts': experimentsPlaybook,
  'playbooks/full/playbook.ts': fullPlaybook,
  'playbooks/k3s/playbook.ts': k3sPlaybook,
  'playbooks/lab/playbook.ts': labPlaybook,
  'playbooks/load/playbook.ts': loadPlaybook,
  'playbooks/prove/playbook.ts': provePlaybook,
  'playbooks/redis/playbook.ts': redisPlaybook,
  'playbooks/registry/playbook.ts': registryPlaybook,
  'playbooks/site/playbook.ts': sitePlaybook,
  'playbooks/swarm/playbook.ts': swarmPlaybook,
  'playbooks/stack/playbook.ts': stackPlaybook,
}

const everyStep = Object.values(PLAYBOOKS).flatMap((playbook) =>
  stepsBySubcommand(playbook).map(([words, steps]): [string, readonly PlaybookStep[], Playbook] => [
    words,
    steps,
    playbook,
  ]),
)
const findOrThrow = <T>(list: readonly T[], matches: (one: T) => boolean, name: string): T => {
  const one = list.find(matches)
  if (one === undefined) throw new Error(`there is no ${name}`)
  return one
}
const stepsFor = (name: string): readonly PlaybookStep[] => findOrThrow(everyStep, ([each]) => each === name, name)[1]
const stepCalled = (name: string): PlaybookStep => findOrThrow(all, (step) => step.name === name, name)
const all = [...new Map(everyStep.flatMap(([, steps]) => steps).map((step) => [step.name, step])).values()]

const disturbances = (
  step: PlaybookStep,
  inventory: Inventory,
  extraVars: Record<string, unknown> = {},
): readonly Disturbance[] =>
  disturbancesOf({ ...step, tags: [] }, { inventory, hosts: [...inventory.hosts.keys()], extraVars, tags: NO_TAGS })
const hostsOf = (list: readonly Disturbance[]): string[] => [...new Set(list.map(({ host }) => host))].sort()
const permissionOf = (
  name: string,
  inventory: Inventory,
  { extraVars = {}, tags = NO_TAGS }: { extraVars?: Record<string, unknown>; tags?: TagSelection } = {},
) => {
  const { withoutPermission } = findOrThrow(everyStep, ([each]) => each === name, name)[2]
  const { leftOut, refused } = permissionFor(
    { steps: stepsFor(name), inventory, hosts: [...inventory.hosts.keys()], extraVars, tags, check: false },
    {
      mayDisturb: labMachineTest(inventory, extraVars),
      withoutPermission,
    },
  )
  const names = (list: typeof leftOut): string[] => list.map(({ step }) => step.name)
  return { leftOut: names(leftOut), refused: names(refused) }
}

t.test('every step of every playbook declares whom it disturbs, for any inventory', async (t) => {
  t.same(NAMES.sort(), Object.keys(PLAYBOOKS).sort(), 'all playbooks are covered')
  t.ok(all.length > 60, `${all.length} steps`)
  for (const [kind, inventory] of Object.entries(INVENTORIES)) {
    for (const step of all) {
      t.doesNotThrow(() => disturbances(step, inventory), `${step.name}: ${kind}`)
      const known = new Set([...inventory.hosts.keys()])
      for (const { host, what } of disturbances(step, inventory))
        t.ok(known.has(host) && host !== 'localhost' && /^\S.*[^.\s]$/.test(what), `${step.name}: ${host}: ${what}`)
    }
  }
})

const READ_ONLY = ['Check pod configuration and network policy', 'Show the Counter page', 'Audit Docker best practices']

t.test('every experiment disturbs something, except those that only read', async (t) => {
  for (const step of all.filter(
    (each) =>
      each.kind === 'experiment' &&
      tagList(each.tags).some((tag) => tag === 'experiments' || /^redis-(?!comparison)/.test(tag)),
  )) {
    t.equal(disturbances(step, INVENTORIES.own).length > 0, !READ_ONLY.includes(step.name), step.name)
    t.same(
      hostsOf(disturbances(step, INVENTORIES.own)),
      hostsOf(disturbances(step, INVENTORIES.lab)),
      `${step.name}: the same hosts of a lab`,
    )
  }
})

t.test('disturbances name the affected host', async (t) => {
  const of = (name: string): [string, string][] =>
    disturbances(stepCalled(name), INVENTORIES.own).map(({ host, what }) => [host, what])
  t.same(of('Power off a node'), [['node3', 'is reset without a shutdown']])
  t.same(of('Partition a node from the network'), [['node3', 'is partitioned from all but SSH']])
  t.same(of('Stop the Docker daemon of a node'), [['node3', 'the Docker daemon is stopped']])
  t.same(of('Power off a Kubernetes node')[0], ['node3', 'is reset without a shutdown'])
  t.same(of('Power off the only manager'), [
    ['node1', 'is reset without a shutdown'],
    ['node2', 'a replica of the Counter app is killed'],
  ])
  t.same(of('Recreate registry container'), [['node1', 'the registry container is recreated']])
  t.same(
    of('Stop a replica with SIGSTOP').map(([host]) => host),
    ['node2'],
  )
  t.same(
    of('Remove k3s agents').map(([host]) => host),
    ['node2', 'node3'],
  )
  t.same(disturbances(stepCalled('Power off a node'), INVENTORIES.lab), [{ host: 'node3', what: 'loses power' }])
})

t.test('lab needs no permission', async (t) => {
  for (const [name, steps] of everyStep) {
    if (steps.length > 0) t.same(permissionOf(name, INVENTORIES.lab), { leftOut: [], refused: [] }, name)
  }
})

t.test('own machines: provisioning playbooks skip disturbing steps', async (t) => {
  t.same(permissionOf('site', INVENTORIES.own), {
    leftOut: ['Recreate registry container', 'Drain and activate a node'],
    refused: [],
  })
  t.same(permissionOf('registry up', INVENTORIES.own), {
    leftOut: ['Recreate registry container'],
    refused: [],
  })
  t.same(permissionOf('balancer up', INVENTORIES.own), {
    leftOut: ['Check load balancer', 'Compare load balancer with routing mesh'],
    refused: [],
  })
  for (const name of [
    'docker',
    'swarm',
    'app',
    'stack',
    'lab up',
    'lab status',
    'redis status',
    'redis switch cluster',
    'k3s compare',
  ]) {
    t.same(permissionOf(name, INVENTORIES.own), { leftOut: [], refused: [] }, name)
  }
})

t.test('own machines: experiments are refused', async (t) => {
  t.same(permissionOf('experiments node-killed', INVENTORIES.own), { leftOut: [], refused: ['Power off a node'] })
  for (const name of ['experiments all', 'experiments redis', 'k3s experiments', 'k3s measure-swarm', 'full']) {
    const { leftOut, refused } = permissionOf(name, INVENTORIES.own)
    t.ok(leftOut.length === 0 && refused.length > 0, `${name}: ${refused.length}`)
  }
})

t.test('own machines: removal of data or services is refused, even if experiments are skipped', async (t) => {
  const refused = (name: string, extraVars = {}): string[] => permissionOf(name, INVENTORIES.own, { extraVars }).refused
  t.same(refused('k3s reset'), ['Remove k3s agents', 'Remove k3s servers'])
  t.same(refused('k3s up'), ['Remove Counter app from Swarm'])
  t.same(refused('k3s up', { k3s_swarm_stack: 'keep' }), [])
  t.same(permissionOf('k3s up', INVENTORIES.own, { tags: { tags: ['k3s-app'], skipTags: [] } }).refused, [])
  t.same(refused('registry gc'), ['Prune unused images'])
  t.same(refused('registry down'), ['Remove CA certificate and registry login', 'Remove registry'])
  t.same(refused('balancer down'), ['Remove load balancer'])
  t.same(refused('stack', { state: 'absent' }), ['Deploy stack'])
  t.same(refused('docker', { docker_storage_driver: 'btrfs', docker_storage_force: 'true' }), ['Install Docker Engine'])
  t.same(refused('docker', { docker_storage_driver: 'btrfs' }), [])
  t.same(refused('site', { docker_storage_driver: 'btrfs', docker_storage_force: true }), ['Install Docker Engine'])
  const removal = stepCalled('Remove registry')
  t.match(disturbances(removal, INVENTORIES.own), [{ what: 'the registry is removed; its images stay' }])
  // "-e registry_purge=true" gives a string.
  for (const registry_purge of [true, 'true'])
    t.match(
      disturbances(removal, INVENTORIES.own, { registry_purge }),
      [{ what: 'the registry is removed, with all its images' }],
      `registry_purge: ${JSON.stringify(registry_purge)}`,
    )
})

t.test('cluster of a kubectl context is disturbed as a whole, and is not a lab', async (t) => {
  const extraVars = { kubecontext: 'k3d-mine' }
  for (const name of [
    'Kill a pod',
    'Update and roll back on Kubernetes under load',
    'Measure performance and overhead of k3s',
  ]) {
    t.same(hostsOf(disturbances(stepCalled(name), INVENTORIES.lab, extraVars)), ['context k3d-mine'], name)
  }
  t.equal(labMachineTest(INVENTORIES.lab, extraVars)('context k3d-mine'), false)
})

t.test('lab down, resume and delete name the lab nodes', async (t) => {
  for (const name of ['lab down', 'lab resume x', 'lab delete x'])
    t.same(
      hostsOf(stepsFor(name).flatMap((step) => disturbances(step, INVENTORIES.lab))),
      ['node1', 'node2', 'node3'],
      name,
    )
  t.same(
    stepsFor('lab snapshot x').flatMap((step) => disturbances(step, INVENTORIES.lab)),
    [],
  )
})
