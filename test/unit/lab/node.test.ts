import t from 'tap'
import { lab_node } from '../../../src/lab/node.ts'
import { hostsLines } from '../../../src/lab/scripts/start-node.ts'
import { descriptions, node1, nodes, planFor } from './support.ts'

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
const without = (...gone: string[]): string => running.filter((line) => !gone.includes(line)).join('\n')

await t.test('a node that runs and answers is left alone', async (t) => {
  t.strictSame(planFor(lab_node, { ...node1, memory: '2G' }, without()), {
    changes: [],
    values: { pid: 4711, known_hosts: '/srv/labs/one/known_hosts' },
  })
})

await t.test('a node that is not there is booted', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, '')), ['boot node1 (10.79.0.11)'])
})

await t.test('what a crash left is ended first', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, 'folder\nprocess 99\n')), [
    'end what is left of node1 and boot node1 (10.79.0.11)',
  ])
})

await t.test('a node that runs and does not serve is booted anew', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, without('answers'))), ['wait for or boot anew node1 (10.79.0.11)'])
  t.strictSame(descriptions(planFor(lab_node, node1, without('own-network'))), ['boot anew node1 (10.79.0.11)'])
  t.strictSame(descriptions(planFor(lab_node, { ...node1, memory: '1G' }, without())), ['boot anew node1 (10.79.0.11)'])
})

await t.test('files of a running node are written without a boot', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, node1, without('hosts', 'pinned'))), [
    'write /etc/hosts, known_hosts of node1',
  ])
})

await t.test('stopped and absent end what is there, once', async (t) => {
  t.strictSame(descriptions(planFor(lab_node, { ...node1, state: 'stopped' }, without())), ['end node1'])
  t.strictSame(planFor(lab_node, { ...node1, state: 'stopped' }, 'folder').changes, [])
  t.strictSame(descriptions(planFor(lab_node, { ...node1, state: 'absent' }, 'folder')), [
    'end node1 and remove its disk',
  ])
  t.strictSame(planFor(lab_node, { ...node1, state: 'absent' }, '').changes, [])
})

await t.test('what is missing is named, with what makes it', async (t) => {
  t.equal(planFor(lab_node, node1, 'no-root').problem, 'no root for node1 in /srv/labs/rootfs: lab_rootfs makes it')
  t.equal(planFor(lab_node, node1, 'no-key').problem, 'no key for node1 in /srv/labs/one: lab_keys makes it')
  t.match(planFor(lab_node, node1, 'no-network').problem, /no network namespace lbtest-node1: lab_network makes it/)
  t.match(planFor(lab_node, node1, 'missing flock').problem, /a lab node needs flock: install/)
  t.match(planFor(lab_node, { ...node1, disk: '4G' }, 'no-loop').problem, /needs loop devices.* leave "disk" out/)
  t.equal(planFor(lab_node, node1, 'no-loop').problem, undefined)
})

await t.test('sizes are written with their unit', async (t) => {
  for (const memory of ['2', '0G', '2 G', '-1M'])
    t.notOk(lab_node.definition.schema.safeParse({ ...node1, memory }).success, memory)
})

await t.test('every node knows all by name, itself by the address others use', async (t) => {
  t.strictSame(hostsLines({ name: 'node2', address: '10.79.0.12', nodes }), [
    '127.0.0.1 localhost # lab',
    '10.79.0.12 node2 # lab',
    '10.79.0.11 node1 # lab',
  ])
})
