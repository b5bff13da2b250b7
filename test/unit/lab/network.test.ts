import t from 'tap'
import { lab_network } from '../../../src/lab/network.ts'
import { descriptions, network, planFor } from './support.ts'

const standing = [
  'uplink eth0',
  'route default via 192.0.2.1 dev eth0',
  'route 10.79.0.0/24 dev lbtest0 proto kernel scope link src 10.79.0.1',
  'forwarding 1',
  'folder',
  'there lbtest-node1',
  'there lbtest-node2',
  'there lbtest-sw',
  'host-end',
  'rule -A FORWARD -i lbtest0 -j LAB-lbtest',
  'namespace-lbtest-sw',
  'bridge',
  'bridge-filter',
  'host-link',
  'namespace-lbtest-node1',
  'link-node1',
  'namespace-lbtest-node2',
  'link-node2',
  'firewall',
]
const without = (...gone: string[]): string => standing.filter((line) => !gone.includes(line)).join('\n')
const bare = 'uplink eth0\nroute default via 192.0.2.1 dev eth0\nforwarding 0\n'

await t.test('on a bare machine all of the network is made, switch first, firewall last', async (t) => {
  const made = descriptions(planFor(lab_network, network, bare))
  t.equal(made[0], 'create the network namespace lbtest-sw')
  t.ok(made.includes('connect node2 to the lab (10.79.0.12)'))
  t.strictSame(made.slice(-2), [
    'let the machine pass packets on (net.ipv4.ip_forward=1)',
    'let the lab out to names and the web by eth0',
  ])
})

await t.test('a network that stands is left alone', async (t) => {
  t.strictSame(planFor(lab_network, network, without()).changes, [])
})

await t.test('only what is missing is mended', async (t) => {
  t.strictSame(descriptions(planFor(lab_network, network, without('link-node2'))), [
    'connect node2 to the lab (10.79.0.12)',
  ])
  t.strictSame(descriptions(planFor(lab_network, network, without('firewall'))), [
    'let the lab out to names and the web by eth0',
  ])
})

await t.test('a machine without a default route gets a lab without a way out', async (t) => {
  t.strictSame(planFor(lab_network, network, without('uplink eth0', 'firewall')).changes, [])
})

await t.test('a node that is no longer listed is ended', async (t) => {
  const plan = planFor(lab_network, { ...network, nodes: network.nodes.slice(0, 1) }, without())
  t.strictSame(descriptions(plan), ['end node2 and remove its network namespace'])
})

await t.test('a subnet that leads elsewhere is refused', async (t) => {
  for (const route of [
    '10.79.0.0/16 dev tun0',
    '10.79.0.128/25 via 192.0.2.9 dev eth0',
    '10.79.0.7 dev tun0',
    'unreachable 10.79.0.0/24',
  ]) {
    const plan = planFor(lab_network, network, `${without()}\nroute ${route}`)
    t.equal(plan.problem, `this machine already has a route into 10.79.0.0/24 (${route}): give the lab another subnet`)
    t.strictSame(plan.changes, [])
  }
})

await t.test('missing commands are named with the packages that bring them', async (t) => {
  const plan = planFor(lab_network, network, 'missing ip\nmissing iptables\n')
  t.equal(plan.problem, 'a lab needs ip, iptables: install the packages iproute2, iptables and util-linux')
})

await t.test('absent removes what is there, and the folder only on purge', async (t) => {
  const seen = `${without()}\nremembered 0\nnetns-mounted`
  const steps = [
    'end node1 and remove its network namespace',
    'end node2 and remove its network namespace',
    'remove the switch lbtest-sw',
    'remove the interface lbtest0',
    'remove the firewall rules labbook:lbtest',
    'set net.ipv4.ip_forward back',
    'unmount /run/netns unless others use it',
  ]
  t.strictSame(descriptions(planFor(lab_network, { ...network, state: 'absent' }, seen)), steps)
  t.strictSame(descriptions(planFor(lab_network, { ...network, state: 'absent', purge: true }, seen)), [
    ...steps,
    'remove /srv/labs/one',
  ])
  t.strictSame(planFor(lab_network, { ...network, state: 'absent' }, bare).changes, [])
})

await t.test('addresses and names that cannot be are refused before anything runs', async (t) => {
  const message = (params: object): string =>
    lab_network.definition.schema.safeParse({ ...network, ...params }).error?.issues[0]?.message ?? 'accepted'
  t.equal(message({}), 'accepted')
  t.equal(
    message({ nodes: [{ name: 'node1', address: '10.79.0.1' }] }),
    "10.79.0.1 (node1) is no address for a node in 10.79.0.0/24; 10.79.0.1 is the machine's own",
  )
  t.equal(message({ nodes: [network.nodes[0], network.nodes[0]] }), 'node1 is there twice')
  t.match(message({ nodes: [{ name: 'sw', address: '10.79.0.9' }] }), /taken by the switch/)
  t.match(message({ name: 'a-lab' }), /small letters and digits/)
  t.match(message({ dir: '/srv' }), /at least two folders deep/)
  t.match(message({ dir: '/srv/../etc' }), /\. or \.\./)
})
