import { z } from 'zod'
import { defineModule } from '../modules/task.ts'
import { pairs } from './names.ts'

/**
 * Can this machine make a lab at all? Fails with one message that lists all that is in the way. What packages bring is
 * not asked for where apt is there to install them.
 */
export const lab_preflight = defineModule({
  name: 'lab_preflight',
  schema: z.strictObject({}),
  sets: () => [],
  title: () => 'this machine can make a lab',
  probe: () => probe,
  plan: (_params, { stdout }) => {
    const lacks = lackWords(stdout)
    if (lacks.length === 0) return { changes: [] }
    return {
      changes: [],
      problem:
        `this machine cannot make a lab; missing: ${lacks.join('; ')}. ` +
        'Use machines of your own instead: put their addresses (ansible_host), user (ansible_user) and key ' +
        "(ansible_ssh_private_key_file) into inventory.yaml in place of the lab's nodes, then run the same playbooks",
    }
  },
})

/** What is in the way, in words, by what the probe printed. */
export const lackWords = (stdout: string): string[] => [
  ...pairs(stdout)
    .filter(([key]) => key === 'lacks')
    .map(([, what]) => reasons.get(what) ?? what),
  ...(stdout.includes('system ') ? [] : ['a POSIX shell with uname']),
]

/** What the probe says by a word, in words for people. */
const reasons = new Map([
  ['linux', 'Linux'],
  ['root', 'root (run it with sudo)'],
  ['apt', 'apt-get (Debian or Ubuntu, whose packages the nodes are made from)'],
  ['namespaces', 'the right to make namespaces (inside a container: run that one privileged)'],
  ['overlay', 'overlay file systems in the kernel'],
  ['veth', 'veth and bridge interfaces in the kernel'],
  ['nat', 'iptables with NAT in the kernel'],
  ['cgroups', 'control groups at /sys/fs/cgroup that can be written'],
])

/** Tries each thing in namespaces that end with the trial. */
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
