import { K3S_DATA, type Role } from '../../../src/k3s/paths.ts'
import { parseVersion } from '../../../src/k3s/version.ts'

/** What a machine has that k3s depends on. */
export interface Machine {
  /** Bits of the capabilities that anything on it can have at most. */
  readonly capabilities: bigint
  /**
   * Whether the limit of tracked connections can be set here: in a network namespace of its own it is there to be read
   * at most.
   */
  readonly conntrack: 'settable' | 'fixed'
  readonly cgroup: 1 | 2
  readonly controllers: readonly string[]
  readonly kmsg: boolean
  readonly overlay: boolean
  /** The kind of file system that containers will be on. */
  readonly fileSystem: string
  readonly listens: readonly { readonly protocol: string; readonly port: number; readonly program: string }[]
}

/** A script that prints it. It changes nothing. */
export const MACHINE_SCRIPT = `
sed -n 's/^CapBnd:[[:space:]]*/capabilities /p' /proc/1/status
lb_max=/proc/sys/net/netfilter/nf_conntrack_max
if [ -e "$lb_max" ]; then echo "conntrack $(stat -c %a "$lb_max")"
elif command -v modprobe >/dev/null && modprobe -n -q nf_conntrack; then echo 'conntrack loadable'
else echo 'conntrack none'; fi
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "cgroup2 $(cat /sys/fs/cgroup/cgroup.controllers)"
else for lb_one in cpu cpuset memory pids; do ls -d "/sys/fs/cgroup/$lb_one" "/sys/fs/cgroup/$lb_one,"* "/sys/fs/cgroup/"*",$lb_one" 2>/dev/null | sed -n "1s/.*/cgroup1 $lb_one/p"; done; echo 'cgroup1 .'; fi
[ -e /dev/kmsg ] && echo kmsg
grep -qw overlay /proc/filesystems && echo overlay
modprobe -n -q overlay 2>/dev/null && echo overlay
lb_in=${K3S_DATA}; while [ ! -d "$lb_in" ]; do lb_in=\${lb_in%/*}; [ -n "$lb_in" ] || lb_in=/; done
echo "filesystem $(stat -f -c %T -- "$lb_in")"
command -v ss >/dev/null && ss -Hlntup | sed 's/^/listen /'
:`.trim()

export function readMachine(stdout: string): Machine {
  const all = (word: string): string[] =>
    [...stdout.matchAll(new RegExp(`^${word}(?: (.*))?$`, 'gm'))].map(([, rest = '']) => rest)
  const second = all('cgroup2')
  return {
    capabilities: BigInt(`0x${all('capabilities')[0] ?? 'ffffffffffffffff'}`),
    conntrack: ['444', 'none'].includes(all('conntrack')[0] ?? '') ? 'fixed' : 'settable',
    cgroup: second.length > 0 ? 2 : 1,
    controllers: second.length > 0 ? (second[0] ?? '').split(' ') : all('cgroup1').filter((name) => name !== '.'),
    kmsg: all('kmsg').length > 0,
    overlay: all('overlay').length > 0,
    fileSystem: all('filesystem')[0] ?? '',
    listens: all('listen').flatMap((line) => {
      const [protocol = '', , , , local = ''] = line.split(/\s+/)
      const port = Number(/:(\d+)$/.exec(local)?.[1])
      return Number.isNaN(port)
        ? []
        : [{ protocol, port, program: /users:\(\("([^"]+)"/.exec(line)?.[1] ?? 'a program' }]
    }),
  }
}

/** What k3s is told so that it can run on a machine. */
export interface Fitting {
  readonly kubeletArgs: readonly string[]
  readonly kubeProxyArgs: readonly string[]
  /** Empty: k3s' own choice. */
  readonly snapshotter: string
  /** containerd must not ask for scores that the kernel would refuse. */
  readonly restrictOomScore: boolean
  readonly standInForKmsg: boolean
  /** What was found, and what is done about it, in a line each. */
  readonly says: readonly string[]
}

/** From include/uapi/linux/capability.h */
const CAP_SYS_ADMIN = 21n
const CAP_SYS_RESOURCE = 24n
const has = ({ capabilities }: Machine, bit: bigint): boolean => ((capabilities >> bit) & 1n) === 1n

const NEEDED = ['cpu', 'cpuset', 'memory', 'pids']

/** Traps of the machine, and how k3s gets round them. A version that is not known yet is taken for a new one. */
export function fit(machine: Machine, version?: string): Fitting {
  const parsed = parseVersion(version ?? '')
  const refusesFirst = machine.cgroup === 1 && (parsed === undefined || parsed.major > 1 || parsed.minor >= 35)
  const fixed = machine.conntrack === 'fixed'
  const noResource = !has(machine, CAP_SYS_RESOURCE)
  const nested = machine.fileSystem === 'overlayfs' || !machine.overlay
  return {
    kubeletArgs: refusesFirst ? ['fail-cgroupv1=false'] : [],
    kubeProxyArgs: fixed ? ['conntrack-max-per-core=0'] : [],
    snapshotter: nested ? 'native' : '',
    restrictOomScore: noResource,
    standInForKmsg: !machine.kmsg,
    says: [
      noResource &&
        'CAP_SYS_RESOURCE is missing: containerd is told to leave OOM scores within what it may set (restrict_oom_score_adj)',
      fixed &&
        'the limit of tracked connections (nf_conntrack_max) cannot be set here: kube-proxy is told to leave it (conntrack-max-per-core=0)',
      machine.cgroup === 1 &&
        `cgroups are those of version 1, which Kubernetes gives up${refusesFirst ? ': from v1.35 on the kubelet has to be told to take them (fail-cgroupv1=false)' : ''}`,
      !machine.kmsg &&
        '/dev/kmsg is missing: a link to /dev/null stands in for it, as the kubelet does not start without (it then does not hear of OOM kills)',
      nested &&
        `${machine.overlay ? `${K3S_DATA} is on an overlay, which cannot be the base of another` : 'the kernel has no overlay file system'}: images are unpacked in full (snapshotter native), which takes room and time`,
    ].filter((line) => line !== false),
  }
}

/** Why k3s cannot run on a machine at all. */
export function faults(machine: Machine, role: Role, version?: string): string[] {
  const missing = NEEDED.filter((name) => !machine.controllers.includes(name))
  const parsed = parseVersion(version ?? '')
  const ports: readonly (readonly [protocol: string, port: number, what: string])[] = [
    ...(role === 'server'
      ? ([
          ['tcp', 6443, 'the API'],
          ['tcp', 2379, 'etcd'],
          ['tcp', 2380, 'etcd'],
        ] as const)
      : []),
    ['tcp', 10250, 'the kubelet'],
    ['udp', 8472, 'the network between nodes (VXLAN)'],
  ]
  const taken = ports.flatMap(([protocol, port, what]) => {
    const by = machine.listens.find(
      (each) => each.protocol === protocol && each.port === port && !/^k3s|^containerd$/.test(each.program),
    )
    // What the kernel itself listens with has no program: that is flannel's.
    return by === undefined || by.program === 'a program'
      ? []
      : [`port ${port}/${protocol}, which ${what} needs, is held by ${by.program}: stop it`]
  })
  return [
    ...(missing.length === 0
      ? []
      : [
          `the cgroup controller${missing.length === 1 ? '' : 's'} ${missing.join(', ')} (version ${machine.cgroup}) ${missing.length === 1 ? 'is' : 'are'} missing` +
            `${missing.includes('memory') ? ': on a Raspberry Pi, add cgroup_memory=1 cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot' : ': the kernel or the container this machine is must give them'}`,
        ]),
    ...(has(machine, CAP_SYS_ADMIN)
      ? []
      : ['CAP_SYS_ADMIN is missing: this is a container without privileges, and nothing in it can make containers']),
    ...(!has(machine, CAP_SYS_RESOURCE) && parsed !== undefined && parsed.major === 1 && parsed.minor < 33
      ? [
          `CAP_SYS_RESOURCE is missing, and k3s ${parsed.text} has no folder for additions to containerd's configuration to get round that: take v1.33 or newer`,
        ]
      : []),
    ...taken,
  ]
}
