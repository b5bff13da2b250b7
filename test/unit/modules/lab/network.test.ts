import t from 'tap'
import { lab_network } from '../../../../src/modules/lab/network.ts'
import { descriptions, network, planFor } from './planned.ts'

const present = [
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
const without = (...lines: string[]): string => present.filter((line) => !lines.includes(line)).join('\n')
const bare = 'uplink eth0\nroute default via 192.0.2.1 dev eth0\nforwarding 0\n'

await t.test('lab_network creates everything on a clean machine, switch first, firewall last', async (t) => {
  const steps = descriptions(planFor(lab_network, network, bare))
  t.equal(steps[0], 'create the network namespace lbtest-sw')
  t.ok(steps.includes('connect node2 to the lab (10.79.0.12)'))
  t.strictSame(steps.slice(-2), [
    'enable IPv4 forwarding (net.ipv4.ip_forward=1)',
    'allow outbound DNS and HTTP(S) via eth0',
  ])
})

await t.test('lab_network does not change a complete network', async (t) => {
  t.strictSame(planFor(lab_network, network, without()).changes, [])
})

await t.test('lab_network creates only what is missing', async (t) => {
  t.strictSame(descriptions(planFor(lab_network, network, without('link-node2'))), [
    'connect node2 to the lab (10.79.0.12)',
  ])
  t.strictSame(descriptions(planFor(lab_network, network, without('firewall'))), [
    'allow outbound DNS and HTTP(S) via eth0',
  ])
})

await t.test('lab_network skips the firewall without a default route', async (t) => {
  t.strictSame(planFor(lab_network, network, without('uplink eth0', 'firewall')).changes, [])
})

await t.test('lab_network stops a node that is no longer listed', async (t) => {
  const plan = planFor(lab_network, { ...network, nodes: network.nodes.slice(0, 1) }, without())
  t.strictSame(descriptions(plan), ['stop node2 and remove its network namespace'])
})

await t.test('lab_network rejects a subnet with another route', async (t) => {
  for (const route of [
    '10.79.0.0/16 dev tun0',
    '10.79.0.128/25 via 192.0.2.9 dev eth0',
    '10.79.0.7 dev tun0',
    'unreachable 10.79.0.0/24',
  ]) {
    const plan = planFor(lab_network, network, `${without()}\nroute ${route}`)
    t.equal(
      plan.problem,
      `this machine already has a route to 10.79.0.0/24 (${route}): set lab_subnet to another subnet`,
      `route ${route}`,
    )
    t.strictSame(plan.changes, [], `route ${route}`)
  }
})

await t.test('lab_network names missing commands and their packages', async (t) => {
  const plan = planFor(lab_network, network, 'missing ip\nmissing iptables\n')
  t.equal(plan.problem, 'missing ip, iptables: install the packages iproute2, iptables and util-linux')
})

await t.test('state absent of lab_network removes existing resources, and the directory only with purge', async (t) => {
  const facts = `${without()}\nremembered 0\nnetns-mounted`
  const steps = [
    'stop node1 and remove its network namespace',
    'stop node2 and remove its network namespace',
    'remove the switch lbtest-sw',
    'remove the interface lbtest0',
    'remove the firewall rules labbook:lbtest',
    'restore net.ipv4.ip_forward, unless another lab needs it',
    'unmount /run/netns if unused',
  ]
  t.strictSame(descriptions(planFor(lab_network, { ...network, state: 'absent' }, facts)), steps)
  t.strictSame(descriptions(planFor(lab_network, { ...network, state: 'absent', purge: true }, facts)), [
    ...steps,
    'remove /srv/labs/one',
  ])
  t.strictSame(planFor(lab_network, { ...network, state: 'absent' }, bare).changes, [])
})

await t.test('lab_network rejects invalid addresses and names', async (t) => {
  const message = (params: object): string =>
    lab_network.definition.schema.safeParse({ ...network, ...params }).error?.issues[0]?.message ?? 'accepted'
  t.equal(message({}), 'accepted')
  t.equal(
    message({ nodes: [{ name: 'node1', address: '10.79.0.1' }] }),
    '10.79.0.1 ("node1") is no node address in 10.79.0.0/24; this machine has 10.79.0.1',
  )
  t.equal(message({ nodes: [network.nodes[0], network.nodes[0]] }), 'duplicate "node1"')
  t.match(message({ nodes: [{ name: 'sw', address: '10.79.0.9' }] }), /reserved for the switch/)
  t.match(message({ name: 'a-lab' }), /lower-case letters or digits/)
  t.match(message({ dir: '/srv' }), /at least two levels deep/)
  t.match(message({ dir: '/srv/../etc' }), /\. or \.\./)
})
