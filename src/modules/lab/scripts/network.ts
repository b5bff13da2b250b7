import { raw, sh } from '../../../shell/quote.ts'
import { kernelNames } from '../names.ts'

/** A resource of the network: how to check and how to create it. */
export interface NetworkResource {
  readonly id: string
  readonly description: string
  /** Succeeds if the resource is configured. */
  readonly check: string
  /** Creates it, or completes a partial one. */
  readonly create: string
}

export interface NetworkSettings {
  readonly lab: string
  /** Directory of the lab. */
  readonly dir: string
  /** Address of this machine in the lab. */
  readonly gateway: string
  readonly prefix: number
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
}

/** All resources except the firewall, in order of creation. */
export function networkResources({ lab, dir, gateway, prefix, nodes }: NetworkSettings): NetworkResource[] {
  const name = kernelNames(lab)
  const sw = name.switchNamespace
  return [
    namespace(sw, dir),
    {
      id: 'bridge',
      description: `create the bridge br0 in ${sw}`,
      check: sh`ip -n ${sw} -o link show br0 up | grep -q .`,
      create: sh`ip -n ${sw} link del br0 2>/dev/null
ip -n ${sw} link add br0 type bridge && ip -n ${sw} link set br0 up || exit`,
    },
    {
      id: 'bridge-filter',
      description: `disable bridge netfilter in ${sw}`,
      // The setting is per namespace and exists once the kernel module is loaded: load it now, not in mid-run.
      check: insideOf(
        sw,
        'for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do [ ! -e "$f" ] || [ "$(cat "$f")" = 0 ] || exit; done',
      ),
      create: `modprobe br_netfilter 2>/dev/null\n${insideOf(sw, 'for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do [ ! -e "$f" ] || echo 0 >"$f" || exit; done')} || exit`,
    },
    {
      id: 'host-link',
      description: `connect this machine to the lab as ${name.hostLink} (${gateway})`,
      check: sh`ip -o link show ${name.hostLink} up 2>/dev/null | grep -q . &&
ip -o -4 addr show dev ${name.hostLink} | grep -qF ${` ${gateway}/${prefix} `} &&
ip -n ${sw} -o link show up0 up | grep -q ' master br0 '`,
      create: sh`ip link del ${name.hostLink} 2>/dev/null
ip -n ${sw} link del up0 2>/dev/null
ip link add ${name.hostLink} address ${hardwareAddress(gateway)} type veth peer name up0 netns ${sw} &&
ip -n ${sw} link set up0 master br0 up &&
ip addr add ${gateway}/${prefix} dev ${name.hostLink} &&
ip link set ${name.hostLink} up || exit`,
    },
    ...nodes.flatMap((node) => [namespace(name.node(node.name), dir), nodeLink(lab, gateway, prefix, node)]),
  ]
}

/** Derived from the IPv4 address: a recreated link keeps its MAC, so no ARP cache becomes stale. */
const hardwareAddress = (address: string): string =>
  ['02', '4c', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':')

const insideOf = (namespace: string, command: string): string =>
  sh`nsenter --net=/run/netns/${raw(namespace)} sh -c ${command}`

function namespace(name: string, dir: string): NetworkResource {
  return {
    id: `namespace-${name}`,
    description: `create the network namespace ${name}`,
    check: sh`ip -n ${name} -o link show lo up | grep -q .`,
    // A crash can leave the file without a namespace. The first namespace on a machine turns /run/netns into a mount.
    create: sh`mountpoint -q /run/netns || { mkdir -p ${dir} && : >${dir}/netns_mounted; } || exit
ip -n ${name} link show lo >/dev/null 2>&1 || { ip netns del ${name} 2>/dev/null; rm -f /run/netns/${raw(name)}; ip netns add ${name} || exit; }
ip -n ${name} link set lo up || exit`,
  }
}

function nodeLink(
  lab: string,
  gateway: string,
  prefix: number,
  node: { readonly name: string; readonly address: string },
): NetworkResource {
  const sw = kernelNames(lab).switchNamespace
  const own = kernelNames(lab).node(node.name)
  const port = kernelNames(lab).port(node.name)
  return {
    id: `link-${node.name}`,
    description: `connect ${node.name} to the lab (${node.address})`,
    check: sh`ip -n ${sw} -o link show ${port} up | grep -q ' master br0 ' &&
ip -n ${own} -o link show eth0 up | grep -q . &&
ip -n ${own} -o -4 addr show dev eth0 | grep -qF ${` ${node.address}/${prefix} `} &&
ip -n ${own} -4 route show default | grep -qF ${`via ${gateway} `}`,
    // Keep an existing link: its connections survive.
    create: sh`if ! ip -n ${sw} -o link show ${port} >/dev/null 2>&1 || ! ip -n ${own} -o link show eth0 >/dev/null 2>&1; then
  ip -n ${sw} link del ${port} 2>/dev/null
  ip -n ${own} link del eth0 2>/dev/null
  ip link add ${port} netns ${sw} type veth peer name eth0 address ${hardwareAddress(node.address)} netns ${own} || exit
fi
ip -n ${sw} link set ${port} master br0 up || exit
ip -n ${own} -o -4 addr show dev eth0 | grep -qF ${` ${node.address}/${prefix} `} || { ip -n ${own} -4 addr flush dev eth0 && ip -n ${own} addr add ${node.address}/${prefix} dev eth0; } || exit
ip -n ${own} link set eth0 up && ip -n ${own} route replace default via ${gateway} dev eth0 || exit`,
  }
}
