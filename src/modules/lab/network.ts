import { posix } from 'node:path'
import * as z from 'zod'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { setNewDirectory, setTree } from '../support/effects.ts'
import { raw, sh } from '../../shell/quote.ts'
import { foreignProblem, removeDirectory, reportForeign } from './lab-directory.ts'
import { labDirectory, labName, namedAddress, parseFacts, kernelNames } from './names.ts'
import { removeFirewall, checkFirewall, listFirewall, applyFirewall } from './scripts/firewall.ts'
import { stopNodeFunctions } from './scripts/stop-node.ts'
import { networkResources, type NetworkResource } from './scripts/network.ts'
import { nodeDirectory } from './scripts/start-node.ts'
import { gateway, isNodeAddress, overlap, parseSubnet } from './subnet.ts'

const schema = z
  .strictObject({
    name: labName.describe('Name of the lab'),
    dir: labDirectory.describe('Directory of the lab'),
    subnet: z.cidrv4().describe('This machine gets the first address'),
    nodes: z.array(namedAddress),
    purge: z
      .boolean()
      .default(false)
      .describe('With state absent: also remove the directory, with the disks of the nodes and the key'),
    state: z.enum(['present', 'absent']).default('present'),
  })
  .superRefine(({ subnet, nodes }, context) => {
    const network = parseSubnet(subnet)
    const duplicate = <T>(values: readonly T[]): T | undefined => values.find((value, i) => values.indexOf(value) !== i)
    const repeated = duplicate(nodes.map((node) => node.name)) ?? duplicate(nodes.map((node) => node.address))
    if (repeated !== undefined)
      context.addIssue({ code: 'custom', path: ['nodes'], message: `duplicate "${repeated}"` })
    for (const { name, address } of nodes) {
      if (isNodeAddress(network, address)) continue
      const message = `${address} ("${name}") is no node address in ${subnet}; this machine has ${gateway(network)}`
      context.addIssue({ code: 'custom', path: ['nodes'], message })
    }
  })
type Params = z.output<typeof schema>

/**
 * The network of a lab: a bridge in its own namespace, a namespace per node, an interface of this machine with the
 * first address, and a firewall that allows outbound DNS and HTTP(S) only. `absent` also stops every process of the
 * lab, including nodes that were removed from the inventory.
 */
export const lab_network = defineModule({
  name: 'lab_network',
  schema,
  reads: ({ name, dir }) => [`lab-network:${name}`, FORWARDING, dir],
  sets(params) {
    const { name, dir, nodes } = params
    return [
      `lab-network:${name}`,
      ...nodes.flatMap((node) => [
        `lab-node:${kernelNames(name).node(node.name)}`,
        `lab-port:${kernelNames(name).node(node.name)}`,
      ]),
      FORWARDING,
      '/proc/sys/net/ipv4/conf/',
      ...(params.state === 'absent' ? setTree(dir) : setNewDirectory(dir)),
    ]
  },
  title: ({ name, subnet }) => `${name} ${subnet}`,
  probe: (params) => probe(params),
  plan: (params, { stdout }) => (params.state === 'absent' ? planAbsent(params, stdout) : planPresent(params, stdout)),
  timeLimitSeconds: () => 240,
})

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

const uplink = `uplink=$(ip -4 route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)`

function probe(params: Params): string {
  const { name, dir } = params
  const checks = resourcesOf(params).map(({ id, check: stands }) => `{ ${stands}\n} >/dev/null 2>&1 && echo ${id}`)
  return [
    sh`for command in ip iptables nsenter; do command -v "$command" >/dev/null || printf 'missing %s\n' "$command"; done`,
    uplink,
    `[ -z "$uplink" ] || printf 'uplink %s\\n' "$uplink"`,
    `ip -4 route show | sed 's/^/route /'`,
    `printf 'forwarding %s\\n' "$(cat /proc/sys/net/ipv4/ip_forward)"`,
    sh`[ ! -e ${dir}/ip_forward ] || printf 'remembered %s\n' "$(cat ${dir}/ip_forward)"`,
    sh`[ ! -e ${dir}/netns_mounted ] || echo netns-mounted`,
    sh`[ ! -e ${dir} ] || echo folder`,
    reportForeign(dir),
    sh`{ ip netns list; find /sys/fs/cgroup -type d -name ${`${name}-*`} -prune -print; } 2>/dev/null | sed 's/ .*//; s|.*/||; s/[.]keeper$//' | grep ${`^${name}-`} | sort -u | sed 's/^/there /'`,
    sh`ip link show ${kernelNames(name).hostLink} >/dev/null 2>&1 && echo host-end`,
    sh`${raw(listFirewall(name))} | sed 's/^/rule /'`,
    ...checks,
    // The rules name the uplink, which only this script knows.
    sh`if [ -n "$uplink" ]; then\n${raw(checkFirewall({ lab: name, subnet: params.subnet }))}\nfi >/dev/null 2>&1 && echo firewall`,
    'true',
  ].join('\n')
}

const resourcesOf = ({ name, dir, subnet, nodes }: Params): NetworkResource[] => {
  const network = parseSubnet(subnet)
  return networkResources({ lab: name, dir, gateway: gateway(network), prefix: network.prefix, nodes })
}

function planPresent(params: Params, stdout: string): Plan<never> {
  const { name, dir, subnet, nodes } = params
  const facts = parseFacts(stdout)
  const has = (key: string): boolean => facts.some(([of]) => of === key)
  const values = (key: string): string[] => facts.filter(([of]) => of === key).map(([, value]) => value)
  if (has('missing')) {
    return {
      changes: [],
      problem: `missing ${values('missing').join(', ')}: install the packages iproute2, iptables and util-linux`,
    }
  }
  const foreign = foreignRoute(values('route'), subnet, kernelNames(name).hostLink)
  if (foreign !== undefined) {
    return {
      changes: [],
      problem: `this machine already has a route to ${subnet} (${foreign}): set lab_subnet to another subnet`,
    }
  }
  const wanted = new Set([kernelNames(name).switchNamespace, ...nodes.map((node) => kernelNames(name).node(node.name))])
  const changes: Change[] = values('there')
    .filter((there) => !wanted.has(there))
    .map((there) => stopChange(params, there))
  for (const { id, description, create: make } of resourcesOf(params)) {
    if (!has(id)) changes.push({ description, script: make })
  }
  if (has('uplink')) {
    if (values('forwarding')[0] !== '1')
      changes.push({ description: 'enable IPv4 forwarding (net.ipv4.ip_forward=1)', script: enableForwarding(dir) })
    if (!has('firewall')) {
      const script = `${uplink}\n${applyFirewall({ lab: name, subnet })}`
      changes.push({ description: `allow outbound DNS and HTTP(S) via ${values('uplink')[0] as string}`, script })
    }
  }
  return { changes }
}

function planAbsent(params: Params, stdout: string): Plan<never> {
  const { name, dir, purge } = params
  const { hostLink, comment } = kernelNames(name)
  const facts = parseFacts(stdout)
  const has = (key: string): boolean => facts.some(([of]) => of === key)
  if (purge && has('foreign')) return { changes: [], problem: foreignProblem(dir) }
  const changes: Change[] = facts.filter(([key]) => key === 'there').map(([, there]) => stopChange(params, there))
  if (has('host-end'))
    changes.push({
      description: `remove the interface ${hostLink}`,
      script: sh`ip link del ${hostLink} || ! ip link show ${hostLink} >/dev/null 2>&1`,
    })
  if (has('rule')) changes.push({ description: `remove the firewall rules ${comment}`, script: removeFirewall(name) })
  if (has('remembered')) {
    changes.push({
      description: 'restore net.ipv4.ip_forward, unless another lab needs it',
      script: restoreForwarding(name, dir),
    })
  }
  if (has('netns-mounted'))
    changes.push({ description: 'unmount /run/netns if unused', script: unmountNamespaces(dir) })
  if (purge && has('folder')) changes.push({ description: `remove ${dir}`, script: removeDirectory(dir) })
  return { changes }
}

/** Stops a node (or removes the switch) by its kernel name, and removes its namespace. */
function stopChange({ name, dir }: Params, kernelName: string): Change {
  const node = kernelName.slice(name.length + 1)
  return {
    description: node === 'sw' ? `remove the switch ${kernelName}` : `stop ${node} and remove its network namespace`,
    script: `${stopNodeFunctions}${sh`
lab_end_node ${kernelName} ${nodeDirectory(dir, node)} || exit
ip netns del ${kernelName} 2>/dev/null
[ ! -e /run/netns/${raw(kernelName)} ] || rm -f /run/netns/${raw(kernelName)}`}`,
  }
}

const enableForwarding = (dir: string): string => sh`
mkdir -p ${dir} || exit
[ -e ${dir}/ip_forward ] || { cat /proc/sys/net/ipv4/ip_forward >${dir}/.ip_forward && mv ${dir}/.ip_forward ${dir}/ip_forward; } || exit
echo 1 >/proc/sys/net/ipv4/ip_forward`

/** The last lab restores it: while another one has firewall rules, that lab gets the value to restore. */
const restoreForwarding = (name: string, dir: string): string => sh`
lb_other=$(iptables-save 2>/dev/null | sed -n 's/.*labbook:\\([A-Za-z0-9-]*\\).*/\\1/p' | grep -v -x ${name} | head -n 1)
lb_dir=${posix.dirname(dir)}/$lb_other
if [ -z "$lb_other" ]; then cat ${dir}/ip_forward >${raw(FORWARDING)} && rm -f ${dir}/ip_forward
elif [ -e "$lb_dir/ip_forward" ]; then rm -f ${dir}/ip_forward
elif [ -d "$lb_dir" ]; then mv ${dir}/ip_forward "$lb_dir/ip_forward"
fi`

const unmountNamespaces = (dir: string): string => sh`
if [ -z "$(ls -A /run/netns 2>/dev/null)" ] && mountpoint -q /run/netns; then umount /run/netns && rmdir /run/netns || exit; fi
rm -f ${dir}/netns_mounted`

/** A route of this machine into the subnet that is not the lab's. */
function foreignRoute(routes: readonly string[], subnet: string, own: string): string | undefined {
  const network = parseSubnet(subnet)
  return routes.find((route) => {
    const [target = ''] = route.replace(/^(unreachable|blackhole|prohibit|throw|local|broadcast) /, '').split(' ')
    return (
      target !== 'default' &&
      !route.includes(` dev ${own} `) &&
      /^\d/.test(target) &&
      overlap(network, parseSubnet(target))
    )
  })
}
