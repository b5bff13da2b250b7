import t from 'tap'
import { lab_node } from '../../../../src/modules/lab/node.ts'
import { hostsLines } from '../../../../src/modules/lab/scripts/start-node.ts'
import { descriptions, node1, nodes, planFor } from './planned.ts'

const running = [
  'folder',
  'cgroup /sys/fs/cgroup/memory/lbtest-node1',
  'process 4711',
  'pid 4711',
  'own-network',
  'answers',
  'hosts',
  'authorized',
  'pinned',
  'memory 2147483648',
]
const without = (...lines: string[]): string => running.filter((line) => !lines.includes(line)).join('\n')

await t.test('lab_node does not change a healthy node', async (t) => {
  t.strictSame(planFor(lab_node, { ...node1, memory: '2G' }, without()), {
    changes: [],
    values: { pid: 4711, known_hosts: '/srv/labs/one/known_hosts' },
  })
})

await t.test('lab_node boots a missing node', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, '')), ['boot node1 (10.79.0.11)'])
})

await t.test('lab_node first stops leftovers of a crash', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, 'folder\nprocess 99\n')), [
    'stop leftover processes of node1 and boot node1 (10.79.0.11)',
  ])
})

await t.test('lab_node reboots an unhealthy node', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, without('answers'))), ['wait for or reboot node1 (10.79.0.11)'])
  t.strictSame(descriptions(planFor(lab_node, node1, without('own-network'))), ['reboot node1 (10.79.0.11)'])
  t.strictSame(descriptions(planFor(lab_node, { ...node1, memory: '1G' }, without())), ['reboot node1 (10.79.0.11)'])
})

await t.test('lab_node updates files of a running node without a boot', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, without('hosts', 'pinned'))), [
    'update /etc/hosts, known_hosts of node1',
  ])
})

await t.test('states stopped and absent of lab_node are idempotent', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, { ...node1, state: 'stopped' }, without())), ['stop node1'])
  t.strictSame(planFor(lab_node, { ...node1, state: 'stopped' }, 'folder').changes, [])
  t.strictSame(descriptions(planFor(lab_node, { ...node1, state: 'absent' }, 'folder')), [
    'stop node1 and remove its disk',
  ])
  t.strictSame(planFor(lab_node, { ...node1, state: 'absent' }, '').changes, [])
})

await t.test('lab_node names a missing requirement and the module that creates it', async (t) => {
  t.equal(
    planFor(lab_node, node1, 'no-root').problem,
    'no root file system for "node1" in "/srv/labs/rootfs": run lab_rootfs first',
  )
  t.equal(planFor(lab_node, node1, 'no-key').problem, 'no SSH key for "node1" in "/srv/labs/one": run lab_keys first')
  t.match(
    planFor(lab_node, node1, 'no-network').problem,
    /no network namespace lbtest-node1: run lab_network with "node1" in "nodes" first/,
  )
  t.match(planFor(lab_node, node1, 'missing flock').problem, /missing flock: install/)
  t.match(planFor(lab_node, { ...node1, disk: '4G' }, 'no-loop').problem, /no loop devices.* remove lab_disk/)
  t.equal(planFor(lab_node, node1, 'no-loop').problem, undefined)
})

await t.test('lab_node rejects sizes without a unit', async (t) => {
  for (const memory of ['2', '0G', '2 G', '-1M'])
    t.notOk(lab_node.definition.schema.safeParse({ ...node1, memory }).success, memory)
})

await t.test('/etc/hosts lists every node, itself with its lab address', async (t) => {
  t.strictSame(hostsLines({ name: 'node2', address: '10.79.0.12', nodes }), [
    '127.0.0.1 localhost # lab',
    '10.79.0.12 node2 # lab',
    '10.79.0.11 node1 # lab',
  ])
})
