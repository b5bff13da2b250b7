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
import redisPlaybook from '../../../playbooks/redis/playbook.ts'
import registryPlaybook from '../../../playbooks/registry/playbook.ts'
import sitePlaybook from '../../../playbooks/site/playbook.ts'
import swarmPlaybook from '../../../playbooks/swarm/playbook.ts'
import stackPlaybook from '../../../playbooks/swarm/stack/playbook.ts'
import { labMachines, withLab } from '../../../src/cli/lab.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { stepsOf, type Playbook } from '../../../src/cli/playbook.ts'
import { parseInventory, type Inventory } from '../../../src/inventory/index.ts'
import { disturbancesOf, permissionFor, type Disturbance } from '../../../src/run/disturbance.ts'
import type { Step } from '../../../src/run/play.ts'
import { tagList, type TagChoice } from '../../../src/run/tags.ts'

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
  withLab(withLocalhost(parseInventory({ main: { path: 'inventory.yaml', text: content } })), undefined)
const ALONE =
  'all:\n  children:\n    docker: {hosts: {one: {ansible_host: 192.0.2.1}}}\n    swarm: {children: {swarm_managers: {hosts: {one: }}, swarm_workers: {hosts: {}}}}\n    registry: {hosts: {one: }}\n'
const INVENTORIES = {
  lab: inventoryOf(text),
  own: inventoryOf(own),
  'one machine': inventoryOf(ALONE),
  'no groups': inventoryOf('all:\n  hosts:\n    one: {ansible_host: 192.0.2.1}\n'),
}

/** The steps of a playbook for each word that it takes; `redis.mjs switch` wants another one. */
function stepsByWord(playbook: Playbook): [string, readonly Step[]][] {
  const words = Object.keys(playbook.words ?? {})
  if (words.length === 0) return [[playbook.name, stepsOf(playbook, [])]]
  return words.flatMap((word): [string, readonly Step[]][] => {
    const given = word.includes(' ')
      ? [word.split(' ')[0] ?? '', 'x']
      : playbook.name === 'redis'
        ? word === 'status'
          ? ['status']
          : word === 'switch'
            ? []
            : ['switch', word]
        : [word]
    return given.length === 0 ? [] : [[`${playbook.name} ${given.join(' ')}`, stepsOf(playbook, given)]]
  })
}

/** Each by its file: what is bundled cannot import a file that is found at run time. */
const PLAYBOOKS: Readonly<Record<string, Playbook>> = {
  'playbooks/app/playbook.ts': appPlaybook,
  'playbooks/balancer/playbook.ts': balancerPlaybook,
  'playbooks/docker/playbook.ts': dockerPlaybook,
  'playbooks/experiments/playbook.ts': experimentsPlaybook,
  'playbooks/full/playbook.ts': fullPlaybook,
  'playbooks/k3s/playbook.ts': k3sPlaybook,
  'playbooks/lab/playbook.ts': labPlaybook,
  'playbooks/redis/playbook.ts': redisPlaybook,
  'playbooks/registry/playbook.ts': registryPlaybook,
  'playbooks/site/playbook.ts': sitePlaybook,
  'playbooks/swarm/playbook.ts': swarmPlaybook,
  'playbooks/swarm/stack/playbook.ts': stackPlaybook,
}

const everyStep = Object.values(PLAYBOOKS).flatMap((playbook) =>
  stepsByWord(playbook).map(([words, steps]): [string, readonly Step[], Playbook] => [words, steps, playbook]),
)
const found = <T>(list: readonly T[], isIt: (one: T) => boolean, name: string): T => {
  const one = list.find(isIt)
  if (one === undefined) throw new Error(`there is no ${name}`)
  return one
}
const stepsFor = (name: string): readonly Step[] => found(everyStep, ([each]) => each === name, name)[1]
const stepCalled = (name: string): Step => found(all, (step) => step.name === name, name)
const all = [...new Map(everyStep.flatMap(([, steps]) => steps).map((step) => [step.name, step])).values()]

const disturbances = (
  step: Step,
  inventory: Inventory,
  extraVars: Record<string, unknown> = {},
): readonly Disturbance[] =>
  disturbancesOf({ ...step, tags: [] }, { inventory, hosts: [...inventory.hosts.keys()], extraVars, tags: NO_TAGS })
const hostsOf = (list: readonly Disturbance[]): string[] => [...new Set(list.map(({ host }) => host))].sort()
const permissionOf = (
  name: string,
  inventory: Inventory,
  { extraVars = {}, tags = NO_TAGS }: { extraVars?: Record<string, unknown>; tags?: TagChoice } = {},
) => {
  const { withoutPermission } = found(everyStep, ([each]) => each === name, name)[2]
  const { leftOut, refused } = permissionFor(
    { steps: stepsFor(name), inventory, hosts: [...inventory.hosts.keys()], extraVars, tags, check: false },
    {
      mayDisturb: labMachines(inventory, extraVars),
      withoutPermission,
    },
  )
  const names = (list: typeof leftOut): string[] => list.map(({ step }) => step.name)
  return { leftOut: names(leftOut), refused: names(refused) }
}

t.test('every step of every playbook says whom it disturbs, on any inventory', async (t) => {
  t.same(NAMES.sort(), Object.keys(PLAYBOOKS).sort(), 'none is forgotten')
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

t.test('every experiment disturbs something, but for the one that looks from within a pod', async (t) => {
  for (const step of all.filter(
    (each) =>
      each.kind === 'experiment' &&
      tagList(each.tags).some((tag) => tag === 'experiments' || /^redis-(?!comparison)/.test(tag)),
  )) {
    t.equal(
      disturbances(step, INVENTORIES.own).length > 0,
      step.name !== 'What a pod is given, and whom it reaches',
      step.name,
    )
    t.same(
      hostsOf(disturbances(step, INVENTORIES.own)),
      hostsOf(disturbances(step, INVENTORIES.lab)),
      `${step.name}: the same hosts of a lab`,
    )
  }
})

t.test('the host that is named is the one that is struck', async (t) => {
  const of = (name: string): [string, string][] =>
    disturbances(stepCalled(name), INVENTORIES.own).map(({ host, what }) => [host, what])
  t.same(of('Power off a node'), [['node3', 'is reset, without a goodbye']])
  t.same(of('Partition a node from the network'), [['node3', 'is cut off from all but SSH']])
  t.same(of('Stop the Docker daemon of a node'), [['node3', 'the Docker daemon is stopped']])
  t.same(of('A node of the cluster loses its power')[0], ['node3', 'is reset, without a goodbye'])
  t.same(of('Power off the only manager'), [
    ['node1', 'is reset, without a goodbye'],
    ['node2', 'a replica of the Counter app is killed'],
  ])
  t.same(of('The registry outlives its container'), [
    ['node1', 'the container of the registry is removed and made again'],
  ])
  t.same(
    of('Stop a replica with SIGSTOP').map(([host]) => host),
    ['node2'],
  )
  t.same(
    of('k3s: agents go').map(([host]) => host),
    ['node2', 'node3'],
  )
  t.same(disturbances(stepCalled('Power off a node'), INVENTORIES.lab), [{ host: 'node3', what: 'loses its power' }])
})

t.test('on the lab nothing needs permission', async (t) => {
  for (const [name, steps] of everyStep) {
    if (steps.length > 0) t.same(permissionOf(name, INVENTORIES.lab), { leftOut: [], refused: [] }, name)
  }
})

t.test('on own machines playbooks that provision do so, and leave out what disturbs', async (t) => {
  t.same(permissionOf('site', INVENTORIES.own), {
    leftOut: ['The registry outlives its container', 'Drain and activate a node'],
    refused: [],
  })
  t.same(permissionOf('registry up', INVENTORIES.own), {
    leftOut: ['The registry outlives its container'],
    refused: [],
  })
  t.same(permissionOf('balancer up', INVENTORIES.own), { leftOut: ['Two apps behind one balancer'], refused: [] })
  for (const name of [
    'docker',
    'swarm',
    'app',
    'swarm/stack',
    'lab up',
    'lab status',
    'redis status',
    'redis switch cluster',
    'k3s compare',
  ]) {
    t.same(permissionOf(name, INVENTORIES.own), { leftOut: [], refused: [] }, name)
  }
})

t.test('on own machines experiments are refused', async (t) => {
  t.same(permissionOf('experiments node-killed', INVENTORIES.own), { leftOut: [], refused: ['Power off a node'] })
  for (const name of ['experiments all', 'experiments redis', 'k3s experiments', 'k3s measure-swarm', 'full']) {
    const { leftOut, refused } = permissionOf(name, INVENTORIES.own)
    t.ok(leftOut.length === 0 && refused.length > 0, `${name}: ${refused.length}`)
  }
})

t.test('on own machines what removes data or services is refused, also where experiments are left out', async (t) => {
  const refused = (name: string, extraVars = {}): string[] => permissionOf(name, INVENTORIES.own, { extraVars }).refused
  t.same(refused('k3s reset'), ['k3s: agents go', 'k3s: servers go'])
  t.same(refused('k3s up'), ['k3s: the Swarm makes room'])
  t.same(refused('k3s up', { k3s_swarm_stack: 'keep' }), [])
  t.same(permissionOf('k3s up', INVENTORIES.own, { tags: { tags: ['k3s-app'], skipTags: [] } }).refused, [])
  t.same(refused('registry gc'), ['Registry: what nobody uses goes'])
  t.same(refused('registry down'), ['Registry: trusted no more', 'Registry: gone'])
  t.same(refused('balancer down'), ['Balancer: down'])
  t.same(refused('swarm/stack', { state: 'absent' }), ['Deploy stack'])
  t.same(refused('docker', { docker_storage_driver: 'btrfs', docker_storage_force: 'true' }), ['Docker Engine'])
  t.same(refused('docker', { docker_storage_driver: 'btrfs' }), [])
  t.same(refused('site', { docker_storage_driver: 'btrfs', docker_storage_force: true }), ['Docker Engine'])
  const gone = stepCalled('Registry: gone')
  t.match(disturbances(gone, INVENTORIES.own), [{ what: 'the registry is removed; its images stay' }])
  // From "-e registry_purge=true" comes a text.
  for (const registry_purge of [true, 'true'])
    t.match(disturbances(gone, INVENTORIES.own, { registry_purge }), [
      { what: 'the registry is removed, with all its images' },
    ])
})

t.test('a cluster that kubectl knows is disturbed as a whole, and is no lab', async (t) => {
  const extraVars = { kubecontext: 'k3d-mine' }
  for (const name of ['A pod is killed', 'Rolling update on Kubernetes under load', 'What k3s gives and costs']) {
    t.same(hostsOf(disturbances(stepCalled(name), INVENTORIES.lab, extraVars)), ['context k3d-mine'], name)
  }
  t.equal(labMachines(INVENTORIES.lab, extraVars)('context k3d-mine'), false)
})

t.test('a down of the lab names its nodes, and so does a snapshot that is brought back', async (t) => {
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
