/** Facts about a host, with Ansible's names without `ansible_`. Unknown ones are empty or 0. */
export interface Facts {
  /** `Debian`, `Ubuntu` */
  readonly distribution: string
  /** `bookworm` */
  readonly distribution_release: string
  /** `12` */
  readonly distribution_version: string
  readonly distribution_major_version: string
  /** `Debian`, `RedHat`, ... */
  readonly os_family: string
  /** `6.1.0-18-amd64` */
  readonly kernel: string
  /** `x86_64` */
  readonly architecture: string
  readonly hostname: string
  readonly processor_vcpus: number
  /** MiB, as the next two. */
  readonly memtotal_mb: number
  readonly memavailable_mb: number
  readonly swaptotal_mb: number
  /** Source address of the default route. */
  readonly default_ipv4: { readonly address: string; readonly interface: string; readonly gateway: string }
  readonly machine_id: string
  /** Changes with each boot. */
  readonly boot_id: string
  /** `systemd`, or the name of process 1. */
  readonly service_mgr: string
  /** `apt`, `dnf`, `apk`, ... */
  readonly pkg_mgr: string
  /**
   * `docker`, `lxc`, `kvm`, ...; empty on bare metal or if unknown. A hint, not a proof. `qemu`, as
   * systemd-detect-virt(1) reports it on x86: software emulation (elsewhere it also reports fast guests so).
   */
  readonly virtualization_type: string
  readonly user_id: string
  readonly user_uid: number
  /** The kernel supports IPVS, which the routing mesh of Docker Swarm requires. */
  readonly ipvs: boolean
  readonly cgroup_version: 1 | 2
  /** Those of docker, k3s, curl, wget, python3, iptables that are installed. */
  readonly commands: readonly string[]
}

/**
 * Prints facts, `name value` a line. Reads /proc and /etc with builtins: three or four processes in total. The default
 * address is that of the default route (no packet is sent), or the first one of a host without it.
 */
export const FACTS_SCRIPT = String.raw`
fact() { printf '%s %s\n' "$1" "$2"; }
first() { lb_v=; [ -r "$2" ] && IFS= read -r lb_v <"$2"; fact "$1" "$lb_v"; }
if [ -r /etc/os-release ]; then
  (
    . /etc/os-release
    fact os_id "$ID"; fact os_like "$ID_LIKE"; fact os_version "$VERSION_ID"; fact os_codename "$VERSION_CODENAME"
  )
fi
fact uname "$(uname -r -m)"
fact id "$(id -u) $(id -un 2>/dev/null)"
first hostname /proc/sys/kernel/hostname
first machine_id /etc/machine-id
first boot_id /proc/sys/kernel/random/boot_id
first init /proc/1/comm
[ -d /run/systemd/system ] && fact systemd yes
first product /sys/class/dmi/id/product_name
case $lb_v in '' | *QEMU* | 'Standard PC'* | *KVM*) fact vm "$(systemd-detect-virt --vm 2>/dev/null)" ;; esac
fact cpus "$(nproc 2>/dev/null || grep -c ^processor /proc/cpuinfo)"
while read -r lb_k lb_n lb_u; do
  case $lb_k in MemTotal: | MemAvailable: | SwapTotal:) fact "$lb_k" "$lb_n" ;; esac
done </proc/meminfo
[ -e /.dockerenv ] && fact container docker
[ -e /run/.containerenv ] && fact container podman
[ -r /run/systemd/container ] && first container /run/systemd/container
if command -v ip >/dev/null; then
  lb_v=$(ip -4 route get 8.8.8.8 2>/dev/null)
  if [ -n "$lb_v" ]; then fact route "$lb_v"; else fact address "$(ip -4 -o addr show scope global 2>/dev/null)"; fi
fi
if [ -d /proc/sys/net/ipv4/vs ] || [ -e /proc/net/ip_vs ]; then fact ipvs yes
elif command -v modprobe >/dev/null && modprobe -n -q ip_vs; then fact ipvs yes
fi
[ -e /sys/fs/cgroup/cgroup.controllers ] && fact cgroup 2
for lb_c in docker k3s curl wget python3 iptables; do command -v "$lb_c" >/dev/null && fact command "$lb_c"; done
for lb_c in apt-get dnf yum zypper apk pacman; do command -v "$lb_c" >/dev/null && fact packager "$lb_c"; done
:
`.trim()

/** Parses the output of {@link FACTS_SCRIPT}. */
export function parseFacts(stdout: string): Facts {
  const found = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0)
      found.set(line.slice(0, space), [...(found.get(line.slice(0, space)) ?? []), line.slice(space + 1).trim()])
  }
  const get = (name: string): string => found.get(name)?.[0] ?? ''
  const mebibytes = (name: string): number => Math.floor(Number(get(name)) / 1024)
  const [kernel = '', architecture = ''] = get('uname').split(' ')
  const [uid = '', user = ''] = get('id').split(' ')
  const packager = get('packager')
  return {
    distribution: DISTRIBUTIONS[get('os_id')] ?? get('os_id'),
    distribution_release: get('os_codename'),
    distribution_version: get('os_version'),
    distribution_major_version: get('os_version').split('.')[0] ?? '',
    os_family: family(`${get('os_id')} ${get('os_like')}`.split(' ')),
    kernel,
    architecture,
    hostname: get('hostname').split('.')[0] ?? '',
    processor_vcpus: Number(get('cpus')),
    memtotal_mb: mebibytes('MemTotal:'),
    memavailable_mb: mebibytes('MemAvailable:'),
    swaptotal_mb: mebibytes('SwapTotal:'),
    default_ipv4: parseRoute(get('route')) ?? parseAddress(get('address')),
    machine_id: get('machine_id'),
    boot_id: get('boot_id'),
    service_mgr: get('systemd') === 'yes' ? 'systemd' : get('init'),
    pkg_mgr: packager === 'apt-get' ? 'apt' : packager,
    virtualization_type:
      get('container') || (get('vm') === 'qemu' && architecture === 'x86_64' ? 'qemu' : hypervisor(get('product'))),
    user_id: user,
    user_uid: Number(uid),
    ipvs: get('ipvs') === 'yes',
    cgroup_version: get('cgroup') === '2' ? 2 : 1,
    commands: found.get('command') ?? [],
  }
}

const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  alpine: 'Alpine',
  fedora: 'Fedora',
  rhel: 'RedHat',
  centos: 'CentOS',
  rocky: 'Rocky',
  almalinux: 'AlmaLinux',
  raspbian: 'Debian',
  arch: 'Archlinux',
}

const FAMILIES: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Debian',
  rhel: 'RedHat',
  fedora: 'RedHat',
  centos: 'RedHat',
  alpine: 'Alpine',
  suse: 'Suse',
  arch: 'Archlinux',
}

/** The first known family of a distribution and its ID_LIKE. */
const family = (ids: readonly string[]): string =>
  ids.map((id) => FAMILIES[id]).find((name) => name !== undefined) ?? ids[0] ?? ''

const HYPERVISORS: readonly (readonly [RegExp, string])[] = [
  [/KVM|QEMU|Standard PC|Bochs/i, 'kvm'],
  [/VMware/i, 'VMware'],
  [/VirtualBox/i, 'virtualbox'],
  [/^Virtual Machine$/i, 'VirtualPC'],
  [/HVM domU/i, 'xen'],
  [/Google Compute/i, 'kvm'],
]

const hypervisor = (product: string): string => HYPERVISORS.find(([pattern]) => pattern.test(product))?.[1] ?? ''

/** `8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.11 uid 0` */
function parseRoute(line: string): Facts['default_ipv4'] | undefined {
  const after = (word: string): string => new RegExp(`(?:^| )${word} (\\S+)`).exec(line)?.[1] ?? ''
  return line === '' ? undefined : { address: after('src'), interface: after('dev'), gateway: after('via') }
}

/** `2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global eth0` */
function parseAddress(line: string): Facts['default_ipv4'] {
  const [, name = '', address = ''] = /^\d+: (\S+)\s+inet ([\d.]+)/.exec(line) ?? []
  return { address, interface: name, gateway: '' }
}
