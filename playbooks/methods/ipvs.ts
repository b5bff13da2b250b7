import { type Exhibit, type Message } from 'labbook'
import { type LabContext, type MessageKey, say } from '../messages/say.ts'

/** Without IPVS in the kernel, there is no routing mesh. */
export const HAS_IPVS = 'test -d /proc/sys/net/ipv4/vs || test -e /proc/net/ip_vs || modprobe -n -q ip_vs 2>/dev/null'
/** The IPVS tables of the routing mesh (`ingress_sbox`) and of the services' virtual IPs (`lb_...`). */
const TABLES = `command -v ipvsadm >/dev/null || { echo 'ipvsadm is not installed here: install the package ipvsadm to see the tables'; exit 0; }
for space in /run/docker/netns/ingress_sbox /run/docker/netns/lb_*; do
  [ -e "$space" ] || continue
  echo "== $(basename "$space")"; nsenter --net="$space" ipvsadm -ln --stats; nsenter --net="$space" iptables -t mangle -S PREROUTING 2>/dev/null | grep -- '--set-xmark' || true
done`

type TablesTitle = Extract<MessageKey, `IPVS tables of {host} ${string}`>

/** Records the IPVS tables of a node: which replicas get connections, and how many each got. */
export const ipvsTables = (on: LabContext, host: string, title: TablesTitle): Promise<Exhibit> =>
  on.exhibit({
    title: say(title, { host }),
    host,
    command: TABLES,
    displayCommand: 'nsenter --net=/run/docker/netns/... ipvsadm -ln --stats',
  })

/** Finds nodes whose kernel has no IPVS: they have no routing mesh. */
export async function findHostsWithoutIpvs(on: LabContext): Promise<{ hosts: string[]; exhibits: Exhibit[] }> {
  const exhibits: Exhibit[] = []
  const hosts: string[] = []
  for (const host of on.groups.swarm ?? []) {
    const support = await on.exhibit({
      title: say('IPVS support of {host}', { host }),
      host,
      command: `${HAS_IPVS} && echo "yes: $(uname -r)" || { echo "no: $(uname -r)"; exit 1; }`,
    })
    exhibits.push(support)
    if (support.exitCode !== 0) hosts.push(host)
  }
  return { hosts, exhibits }
}

/** Why a finding about the routing mesh is inconclusive. */
export const missingIpvs = (hosts: readonly string[]): Message =>
  say(
    'the kernel of {nodes} has no IPVS, so there is no routing mesh; use virtual machines (lab.mjs up --provider qemu)',
    { nodes: hosts.join(', ') },
  )

/** Without IPVS, reports every finding as inconclusive. @returns whether it did. */
export async function reportMissingIpvs(on: LabContext): Promise<boolean> {
  const { hosts, exhibits } = await findHostsWithoutIpvs(on)
  if (hosts.length === 0) return false
  const why = missingIpvs(hosts)
  on.inconclusive(why, exhibits)
  on.log(why)
  return true
}
