import { type Message, timeoutMultiplierOf } from 'labbook'
import { type LabSetupContext, say } from '../messages/say.ts'
import { deleteRules, limitedFault, type Fault } from 'labbook/lab'
import { describedBy, faultsOf } from '../lab/faults.ts'

type On = Pick<LabSetupContext, 'groups' | 'hostvars' | 'hosts'>

/** Seconds after which a fault ends by itself, in case the run is killed; before the timeout multiplier. */
const LIMIT_SECONDS = 300
/** Added to the clock. */
const STEP_SECONDS = 3600

const fault = (
  node: string,
  text: Message,
  inject: string,
  recover: string,
  summary: Fault['summary'] = { inject, recover },
): Fault => ({ ...describedBy(text), summary, host: node, become: true, inject, recover, recoverSeconds: 120 })

const secondsOn = (slowdown: number): number => Math.ceil(LIMIT_SECONDS * slowdown)

const slowdownOf = (on: On): number => timeoutMultiplierOf(on, on.groups.all ?? on.hosts)

/** The node is set to drain by a manager. */
const drain = (on: On, node: string): Fault => ({
  ...fault(
    node,
    say('{node} is drained', { node }),
    `docker node update --availability drain ${node}`,
    `docker node update --availability active ${node}`,
  ),
  host: on.hosts[0] as string,
})

/** Outgoing packets of the interface with the default route. */
const DEVICE = "$(ip -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')"

const slowNetwork = (on: On, node: string): Fault => {
  const undo = `tc qdisc del dev ${DEVICE} root netem 2>/dev/null || true`
  const { timer, recover } = limitedFault('slow-network', undo, secondsOn(slowdownOf(on)))
  return fault(
    node,
    say('the network of {node} is slow', { node }),
    `${timer}\ntc qdisc add dev ${DEVICE} root netem delay 100ms 20ms loss 1%`,
    recover,
    { inject: 'tc qdisc add dev DEVICE root netem delay 100ms 20ms loss 1%', recover: 'tc qdisc del dev DEVICE root' },
  )
}

/** Prints why netem is not available; tries it in a network namespace without any interface in use. */
export const NETEM_TEST = 'unshare -n tc qdisc add dev lo root netem delay 1ms 2>&1'

const FILLER = '/var/lib/docker/labbook-full-disk'

/** Leaves no block free, for root as well. */
const fullDisk = (on: On, node: string): Fault => {
  const undo = `rm -f ${FILLER}`
  const { timer, recover } = limitedFault('full-disk', undo, secondsOn(slowdownOf(on)))
  return fault(
    node,
    say("the file system of Docker's data on {node} is full", { node }),
    [
      timer,
      `fallocate -l "$(df --output=avail -B1 /var/lib/docker | tail -n 1)" ${FILLER} 2>/dev/null`,
      `dd if=/dev/zero of=${FILLER} bs=1M oflag=append conv=notrunc 2>/dev/null`,
      `[ "$(df --output=avail -B1M /var/lib/docker | tail -n 1)" -lt 2 ]`,
    ].join('\n'),
    recover,
    { inject: `fill /var/lib/docker with ${FILLER}`, recover: undo },
  )
}

/** Prints the device and the file system of Docker's data. `stat` names ext4 as ext2/ext3. */
export const DISK_TEST = 'stat -c %d /var/lib/docker && stat -f -c %T /var/lib/docker'

/** Has the time of the boot by the right clock. */
const CLOCK_MARK = '/run/labbook-clock-step'

/** The experiment is left out where nodes share a kernel; this is the last resort. */
const NOT_IN_CONTAINER =
  "! systemd-detect-virt -q --container 2>/dev/null || { echo 'a container has the clock of its machine' >&2; exit 1; }"

const clockStep = (on: On, node: string): Fault => {
  const uptime = '$(cut -d. -f1 /proc/uptime)'
  const set = (seconds: string): string => `date -s "@$((${seconds}))" >/dev/null`
  // From the uptime, not back by one hour: NTP may have set the clock right meanwhile.
  const undo = `[ ! -e ${CLOCK_MARK} ] || { ${set(`$(cat ${CLOCK_MARK}) + ${uptime}`)} && rm -f ${CLOCK_MARK}; }`
  const now = '$(date +%s)'
  const { timer, recover } = limitedFault('clock-step', undo, secondsOn(slowdownOf(on)))
  return fault(
    node,
    say('the clock of {node} is one hour ahead', { node }),
    [
      NOT_IN_CONTAINER,
      timer,
      `[ -e ${CLOCK_MARK} ] || {`,
      `echo $((${now} - ${uptime})) >${CLOCK_MARK} && ${set(`${now} + ${STEP_SECONDS}`)}`,
      '}',
    ].join('\n'),
    recover,
    { inject: 'date -s +1 hour', recover: 'date -s BOOT+UPTIME' },
  )
}

/** Stops the daemon and its socket: socket activation would restart it. */
const stopDaemon = (_on: On, node: string): Fault => ({
  ...fault(
    node,
    say('the Docker daemon of {node} is stopped', { node }),
    'systemctl stop docker.socket docker.service',
    'systemctl start docker.socket docker.service',
  ),
  recoverSeconds: 200,
})

/** The faults of a node by the names of their experiments. */
export const NODE_FAULTS = {
  drain,
  'power-cut': (on: On, node: string): Fault => faultsOf(on, node).powerLoss,
  'cut-off': (on: On, node: string): Fault => faultsOf(on, node).partition,
  'daemon-stopped': stopDaemon,
  'registry-away': drain,
  'slow-network': slowNetwork,
  'full-disk': fullDisk,
  'clock-step': clockStep,
} as const

export type NodeKind = keyof typeof NODE_FAULTS

const REGISTRY_AWAY = 'labbook-registry-away'
const REJECT = `-m comment --comment ${REGISTRY_AWAY} -j REJECT`
const registryFault = (slowdown: number) =>
  limitedFault('registry-away', deleteRules(REGISTRY_AWAY, ['OUTPUT']), secondsOn(slowdown))

/** No node reaches the registries of the stack's images: `host:port`. */
export const registryAway = (
  registries: readonly (readonly [host: string, port: number])[],
  slowdown: number,
): string =>
  [
    registryFault(slowdown).timer,
    // By the address before NAT: on the node with the registry, packets already have that of its container here.
    ...registries.map(([host, port]) =>
      [
        `for lb_address in $(getent ahostsv4 ${host} | cut -d' ' -f1 | sort -u); do`,
        `iptables -w 10 -I OUTPUT -p tcp -m conntrack --ctorigdst $lb_address --ctorigdstport ${port} ${REJECT} || exit`,
        'done',
      ].join('\n'),
    ),
    // It may have other addresses than those in the rules. In any protocol: only what curl cannot connect to is away.
    ...registries.map(([host, port]) =>
      [
        `curl -sk --noproxy '*' -o /dev/null --connect-timeout 3 -m 10 https://${host}:${port}/v2/`,
        `case $? in 6 | 7 | 28) ;; *) echo "${host}:${port} still answers, or cannot be tried" >&2; exit 1 ;; esac`,
      ].join('\n'),
    ),
  ].join('\n')

export const REGISTRY_BACK = registryFault(1).recover
