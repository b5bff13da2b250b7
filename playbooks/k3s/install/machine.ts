import { K3S_DATA, parseVersion, type Role } from 'labbook/k3s'

/** Facts of a machine that k3s depends on. */
export interface MachineFacts {
  /** Capability bounding set of PID 1. */
  readonly capabilities: bigint
  /** Whether nf_conntrack_max is writable; it is read-only in a separate network namespace. */
  readonly conntrack: 'settable' | 'fixed'
  readonly cgroup: 1 | 2
  readonly controllers: readonly string[]
  readonly kmsg: boolean
  readonly overlay: boolean
  /** Type of the file system that holds container data. */
  readonly fileSystem: string
  /** inotify instances of all programs that the machine sees. */
  readonly inotify: InotifyInstances | undefined
  /** k3s runs already. */
  readonly running: boolean
  readonly listens: readonly { readonly protocol: string; readonly port: number; readonly program: string }[]
}

/** Instances of inotify: a limit of each user, which all programs of root share. */
export interface InotifyInstances {
  readonly limit: number
  readonly used: number
}

/** Prints them. Nodes of a lab share the kernel and root, but see only their own programs. */
export const INOTIFY_SCRIPT =
  'lb_limit=$(cat /proc/sys/fs/inotify/max_user_instances 2>/dev/null) && echo "inotify $lb_limit $(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c anon_inode:inotify)"'

export function parseInotify(stdout: string): InotifyInstances | undefined {
  const [, limit, used] = /^inotify (\d+) (\d+)$/m.exec(stdout) ?? []
  return limit === undefined ? undefined : { limit: Number(limit), used: Number(used) }
}

/** Read-only script that prints the facts. */
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
${INOTIFY_SCRIPT}
for lb_unit in k3s k3s-agent; do systemctl is-active --quiet "$lb_unit" 2>/dev/null && echo running; done
command -v ss >/dev/null && ss -Hlntup | sed 's/^/listen /'
:`.trim()

export function parseMachineFacts(stdout: string): MachineFacts {
  const all = (key: string): string[] =>
    [...stdout.matchAll(new RegExp(`^${key}(?: (.*))?$`, 'gm'))].map(([, rest = '']) => rest)
  const cgroup2 = all('cgroup2')
  return {
    capabilities: BigInt(`0x${all('capabilities')[0] ?? 'ffffffffffffffff'}`),
    conntrack: ['444', 'none'].includes(all('conntrack')[0] ?? '') ? 'fixed' : 'settable',
    cgroup: cgroup2.length > 0 ? 2 : 1,
    controllers: cgroup2.length > 0 ? (cgroup2[0] ?? '').split(' ') : all('cgroup1').filter((name) => name !== '.'),
    kmsg: all('kmsg').length > 0,
    overlay: all('overlay').length > 0,
    fileSystem: all('filesystem')[0] ?? '',
    inotify: parseInotify(stdout),
    running: all('running').length > 0,
    listens: all('listen').flatMap((line) => {
      const [protocol = '', , , , local = ''] = line.split(/\s+/)
      const port = Number(/:(\d+)$/.exec(local)?.[1])
      return Number.isNaN(port)
        ? []
        : [{ protocol, port, program: /users:\(\("([^"]+)"/.exec(line)?.[1] ?? 'a program' }]
    }),
  }
}

/** Settings that k3s needs to run on a machine. */
export interface MachineSettings {
  readonly kubeletArgs: readonly string[]
  readonly kubeProxyArgs: readonly string[]
  /** Empty: k3s chooses. */
  readonly snapshotter: string
  /** Keep containerd from requesting OOM scores that the kernel rejects. */
  readonly restrictOomScore: boolean
  readonly standInForKmsg: boolean
  /** One line per problem and its workaround. */
  readonly says: readonly string[]
}

/** From include/uapi/linux/capability.h */
const CAP_SYS_ADMIN = 21n
const CAP_SYS_RESOURCE = 24n
const has = ({ capabilities }: MachineFacts, bit: bigint): boolean => ((capabilities >> bit) & 1n) === 1n

const NEEDED = ['cpu', 'cpuset', 'memory', 'pids']

/** Known issues of the machine and their workarounds. An unknown version is treated as new. */
export function machineSettings(machine: MachineFacts, version?: string): MachineSettings {
  const parsed = parseVersion(version ?? '')
  const rejectsCgroup1 = machine.cgroup === 1 && (parsed === undefined || parsed.major > 1 || parsed.minor >= 35)
  const conntrackFixed = machine.conntrack === 'fixed'
  const noResource = !has(machine, CAP_SYS_RESOURCE)
  const noOverlay = machine.fileSystem === 'overlayfs' || !machine.overlay
  return {
    kubeletArgs: rejectsCgroup1 ? ['fail-cgroupv1=false'] : [],
    kubeProxyArgs: conntrackFixed ? ['conntrack-max-per-core=0'] : [],
    snapshotter: noOverlay ? 'native' : '',
    restrictOomScore: noResource,
    standInForKmsg: !machine.kmsg,
    says: [
      noResource &&
        'CAP_SYS_RESOURCE is missing: containerd keeps OOM scores within its limits (restrict_oom_score_adj)',
      conntrackFixed && 'nf_conntrack_max is read-only: kube-proxy does not set it (conntrack-max-per-core=0)',
      machine.cgroup === 1 &&
        `cgroup v1 is deprecated in Kubernetes${rejectsCgroup1 ? ': from v1.35 on the kubelet accepts it only with fail-cgroupv1=false' : ''}`,
      !machine.kmsg &&
        '/dev/kmsg is missing: a link to /dev/null replaces it, as the kubelet does not start without it (OOM kills are not reported)',
      noOverlay &&
        `${machine.overlay ? `${K3S_DATA} is on overlayfs, which cannot be nested` : 'the kernel has no overlayfs'}: snapshotter native is used, which needs more space and time`,
    ].filter((line) => line !== false),
  }
}

/** Without them containerd starts without its CRI plugin, and k3s waits for it forever. */
const NEEDED_INOTIFY_INSTANCES = 16

/** @param shared - the instances of all nodes that share this one's kernel. */
function inotifyProblem({ running, inotify }: MachineFacts, shared = inotify): string[] {
  if (running || shared === undefined || shared.limit - shared.used >= NEEDED_INOTIFY_INSTANCES) return []
  return [
    `${shared.used} of ${shared.limit} inotify instances are in use, and k3s needs ${NEEDED_INOTIFY_INSTANCES}: ` +
      `on ${shared === inotify ? 'this host' : 'the machine of the lab, whose nodes share them'}, run "sysctl -w fs.inotify.max_user_instances=${Math.max(1024, shared.limit * 4)}"`,
  ]
}

/** Reasons why k3s cannot run on a machine. */
export function preflightProblems(machine: MachineFacts, role: Role, shared?: InotifyInstances): string[] {
  const missing = NEEDED.filter((name) => !machine.controllers.includes(name))
  const ports: readonly (readonly [protocol: string, port: number, what: string])[] = [
    ...(role === 'server'
      ? ([
          ['tcp', 6443, 'the API'],
          ['tcp', 2379, 'etcd'],
          ['tcp', 2380, 'etcd'],
        ] as const)
      : []),
    ['tcp', 10250, 'the kubelet'],
    ['udp', 8472, 'the pod network (VXLAN)'],
  ]
  const portConflicts = ports.flatMap(([protocol, port, what]) => {
    const by = machine.listens.find(
      (each) => each.protocol === protocol && each.port === port && !/^k3s|^containerd$/.test(each.program),
    )
    // A kernel socket has no program: it is flannel's.
    return by === undefined || by.program === 'a program'
      ? []
      : [`port ${port}/${protocol} (${what}) is in use by "${by.program}": stop it`]
  })
  return [
    ...(missing.length === 0
      ? []
      : [
          `the cgroup controller${missing.length === 1 ? '' : 's'} ${missing.join(', ')} (version ${machine.cgroup}) ${missing.length === 1 ? 'is' : 'are'} missing` +
            (missing.includes('memory')
              ? ': on a Raspberry Pi, add cgroup_memory=1 cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot'
              : ': enable them in the kernel or the container runtime of this machine'),
        ]),
    ...(has(machine, CAP_SYS_ADMIN)
      ? []
      : ['CAP_SYS_ADMIN is missing: an unprivileged container cannot run containers']),
    ...inotifyProblem(machine, shared),
    ...portConflicts,
  ]
}
