import * as z from 'zod'
import { defineModule } from '../task.ts'
import { parseFacts } from './names.ts'

/**
 * Checks that this machine can create a lab, and reports all missing requirements in one message. Ignores what apt can
 * install.
 */
export const lab_preflight = defineModule({
  name: 'lab_preflight',
  schema: z.strictObject({}),
  sets: () => [],
  title: () => 'lab requirements',
  probe: () => probe,
  plan: (_params, { stdout }) => {
    const missing = missingRequirements(stdout)
    if (missing.length === 0) return { changes: [] }
    return {
      changes: [],
      problem:
        `this machine cannot create a lab; missing: ${missing.join('; ')}. ` +
        'Use your own machines instead: put their addresses (ansible_host), user (ansible_user) and key ' +
        "(ansible_ssh_private_key_file) into inventory.yaml in place of the lab's nodes, then run the same playbooks",
    }
  },
})

/** The missing requirements, from the output of the probe. */
export const missingRequirements = (stdout: string): string[] => [
  ...parseFacts(stdout)
    .filter(([key]) => key === 'lacks')
    .map(([, what]) => messages.get(what) ?? what),
  ...(stdout.includes('system ') ? [] : ['a POSIX shell with uname']),
]

/** Messages for the markers that the probe prints. */
const messages = new Map([
  ['linux', 'Linux'],
  ['root', 'root (run it with sudo)'],
  ['apt', 'apt-get (Debian or Ubuntu: the nodes use its packages)'],
  ['namespaces', 'permission to create namespaces (in a container: run it privileged)'],
  ['overlay', 'overlay file systems in the kernel'],
  ['veth', 'veth and bridge interfaces in the kernel'],
  ['nat', 'iptables with NAT in the kernel'],
  ['cgroups', 'writable cgroups at /sys/fs/cgroup'],
])

/** Tries each feature in temporary namespaces. */
const probe = String.raw`
system=$(uname -s)
printf 'system %s\n' "$system"
[ "$system" = Linux ] || echo lacks linux
[ "$(id -u)" = 0 ] || echo lacks root
if [ "$system" = Linux ]; then command -v apt-get >/dev/null || echo lacks apt; fi
if [ "$system" = Linux ] && [ "$(id -u)" = 0 ]; then
  if [ -d /sys/fs/cgroup/memory ]; then groups=/sys/fs/cgroup/memory; else groups=/sys/fs/cgroup; fi
  [ -w "$groups" ] && [ -e "$groups/cgroup.procs" ] || echo lacks cgroups
  if command -v unshare >/dev/null; then
    if unshare --mount --uts --ipc --pid --cgroup --net --fork true 2>/dev/null; then
      unshare --mount --propagation private sh -c '
        mount -t tmpfs tmpfs /mnt && mkdir /mnt/l /mnt/u /mnt/w /mnt/m &&
        mount -t overlay overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/m' 2>/dev/null || echo lacks overlay
      if command -v ip >/dev/null; then
        unshare --net sh -c 'ip link add name lbtry0 type veth peer name lbtry1 && ip link add name lbtry2 type bridge' 2>/dev/null || echo lacks veth
      fi
      if command -v iptables >/dev/null; then
        unshare --net iptables -w 10 -t nat -A POSTROUTING -m comment --comment a -j MASQUERADE 2>/dev/null || echo lacks nat
      fi
    else
      echo lacks namespaces
    fi
  fi
fi
true`
