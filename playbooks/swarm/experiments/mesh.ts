import { experiment, type CareContext, type Exhibit, type ExperimentContext } from '../../../src/labbook.ts'
import { callMany, type Answers } from '../../app/client.ts'
import { quote } from '../../../src/shell/quote.ts'
import { making, mending } from '../../../src/lab/faults.ts'
import { faultsOf } from '../../lab/faults.ts'
import {
  allWell,
  COUNTER,
  isDown,
  isReady,
  NODES,
  replicasElsewhere,
  runningLines,
  scaleTo,
  seconds,
  spreadAgain,
  victim,
  wantedReplicas,
} from './support/cluster.ts'
import { lastWorker, losesPower, swarmNodes } from './support/disturbs.ts'
import { doorsOf, underWatch } from './support/watching.ts'
import { evenly, shares, type Share } from './support/shares.ts'

/** Connections for each replica, through each door: IPVS deals them out in turn, so few are enough to see it. */
const PER_REPLICA = 6
const FEWEST = 0.5

const HAS_IPVS = 'test -d /proc/sys/net/ipv4/vs || test -e /proc/net/ip_vs || modprobe -n -q ip_vs'
/**
 * The kernel's tables of virtual servers, of the mesh (`ingress_sbox`) and of the networks' own addresses (`lb_...`).
 */
const TABLES = `command -v ipvsadm >/dev/null || { echo 'ipvsadm is not installed here: install the package ipvsadm to see the tables'; exit 0; }
for space in /run/docker/netns/ingress_sbox /run/docker/netns/lb_*; do
  [ -e "$space" ] || continue
  echo "== $(basename "$space")"; nsenter --net="$space" ipvsadm -ln --stats; nsenter --net="$space" iptables -t mangle -S PREROUTING 2>/dev/null | grep -- '--set-xmark' || true
done`

const tables = (on: ExperimentContext, host: string, when: string): Promise<Exhibit> =>
  on.exhibit({
    title: `ipvsadm of ${host} ${when}`,
    host,
    command: TABLES,
    shown: 'nsenter --net=/run/docker/netns/... ipvsadm -ln --stats',
  })

/** Which nodes have no IPVS in their kernel: there the mesh carries nothing, and there is nothing to see. */
async function withoutIpvs(on: ExperimentContext): Promise<{ hosts: string[]; exhibits: Exhibit[] }> {
  const exhibits: Exhibit[] = []
  const hosts: string[] = []
  for (const host of on.groups.swarm ?? []) {
    const seen = await on.exhibit({
      title: `IPVS in the kernel of ${host}`,
      host,
      command: `${HAS_IPVS} && echo "yes: $(uname -r)" || { echo "no: $(uname -r)"; exit 1; }`,
    })
    exhibits.push(seen)
    if (seen.exitCode !== 0) hosts.push(host)
  }
  return { hosts, exhibits }
}

/** Says of each finding that it cannot be told here. @returns whether the experiment ends with that. */
async function notHere(on: ExperimentContext): Promise<boolean> {
  const { hosts, exhibits } = await withoutIpvs(on)
  if (hosts.length === 0) return false
  const why = `the kernel of ${hosts.join(', ')} has no IPVS, so there is no routing mesh; virtual machines have kernels of their own (lab.mjs up --provider qemu)`
  on.cannotTell(why, exhibits)
  on.notice(why)
  return true
}

const RUNNING = `docker service ps ${COUNTER} --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'`

const reach = async (on: ExperimentContext, replicas: number) => {
  await on.look({ command: scaleTo(replicas) })
  return on.watch({
    title: `${replicas} replicas run`,
    command: RUNNING,
    within: 300,
    every: 3,
    until: ({ stdout }) => runningLines(stdout).length === replicas,
  })
}

const EVERY_NODE = 'swarm.mesh.every-node'
const BALANCES = 'swarm.mesh.balances'
const VIP = 'swarm.vip.balances'
const POWER_OFF = 'swarm.node-power-off.recovers'

/** What the kernel's load balancer does with connections from outside and from within. */
export const mesh = experiment(
  'The routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'mesh', 'proof'],
    disturbs: swarmNodes('the Counter app is scaled down and up'),
    hypothesis:
      'Each node listens on the published port and hands connections to all replicas in turn, wherever they are: also a node that has none. The ' +
      'address of the service within its network does the same.',
    proves: {
      [EVERY_NODE]: 'The published port of each node answers, also of one that has no task of the service',
      [BALANCES]: 'Through each node, all replicas get their share of the connections',
      [VIP]: "Through the service's own address, all replicas get their share of the connections",
    },
    start: allWell,
    restore: async (on: CareContext) => {
      await on.look({ command: scaleTo(wantedReplicas(on)) })
    },
  },
  async (on) => {
    if (await notHere(on)) return
    const wanted = wantedReplicas(on)
    const nodes = on.groups.swarm ?? []
    await everyNode(on, Math.max(1, Math.min(wanted, nodes.length - 1)))
    const { reached, exhibit: running } = await reach(on, wanted)
    if (!reached) throw new Error(`${wanted} replicas did not run again (see the exhibit "${running.id}")`)
    await balances(on, wanted, running)
    await vip(on, wanted, running)
  },
)

async function everyNode(on: ExperimentContext, fewer: number): Promise<void> {
  const { reached, exhibit: running } = await reach(on, fewer)
  const busy = new Set(runningLines(running.stdout).map((line) => line.split(' ')[1]))
  const idle = (on.groups.swarm ?? []).filter((node) => !busy.has(node))
  const asked = await askEach(on, fewer * PER_REPLICA)
  const exhibit = record(on, `Who answers, with ${fewer} replicas`, asked)
  const first = idle[0] === undefined ? [] : [await tables(on, idle[0], 'without a task')]
  const silent = asked.filter(({ answers, errors }) => answers.length === 0 || errors.length > 0)
  on.finding(EVERY_NODE, {
    holds: reached && idle.length > 0 ? silent.length === 0 : null,
    evidence: [running, exhibit, ...first],
    detail:
      idle.length === 0
        ? 'every node had a task'
        : `${idle.join(', ')} had no task; ${silent.length === 0 ? 'every node answered every request' : `${silent.map(({ node }) => node).join(', ')} did not answer all`}`,
  })
}

async function balances(on: ExperimentContext, wanted: number, running: Exhibit): Promise<void> {
  const asked = await askEach(on, wanted * PER_REPLICA)
  const exhibit = record(on, `Who answers through each node, with ${wanted} replicas`, asked)
  const seen: Exhibit[] = []
  for (const node of on.groups.swarm ?? []) seen.push(await tables(on, node, 'after the requests'))
  const least = Math.min(...asked.map(({ answers }) => evenly(shares(answers), wanted)))
  on.finding(BALANCES, {
    holds: asked.every(({ errors }) => errors.length === 0) && least >= FEWEST,
    evidence: [running, exhibit, ...seen],
    detail: `${wanted * PER_REPLICA} connections through each of ${asked.length} nodes; the replica with the fewest got ${Math.round(least * 100)} % of an equal share`,
    measured: { 'smallest share': [least * 100, '%'] },
  })
}

/** A connection for each; the app's image has Python, whatever else it is made of. */
const asking = (times: number): string => `import urllib.request
for _ in range(${times}):
    try:
        print(urllib.request.urlopen('http://${COUNTER}:8080/api/counter', timeout=10).read().decode())
    except OSError as error:
        print('failed:', error)
`

async function vip(on: ExperimentContext, wanted: number, running: Exhibit): Promise<void> {
  const address = await on.exhibit({
    title: 'The address of the service',
    command: `docker service inspect ${COUNTER} --format '{{.Spec.EndpointSpec.Mode}}: {{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}'`,
  })
  const host =
    runningLines(running.stdout)
      .map((line) => line.split(' ')[1] ?? '')
      .find((node) => (on.groups.swarm ?? []).includes(node)) ?? (on.hosts[0] as string)
  const total = wanted * PER_REPLICA
  const asked = await on.exhibit({
    title: 'Who answers at the address of the service',
    host,
    timeout: 300,
    command: `docker exec $(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1) python3 -c ${quote(asking(total))}`,
    shown: `docker exec COUNTER python3: GET http://${COUNTER}:8080/api/counter, ${total} times`,
  })
  const table = await tables(on, host, 'after requests at the address of the service')
  const replicas = [...asked.stdout.matchAll(/"replica": ?"([^"]+)"/g)].map(([, replica]) => ({
    replica: replica ?? '',
  }))
  const least = evenly(shares(replicas), wanted)
  on.finding(VIP, {
    holds: address.stdout.startsWith('vip') ? replicas.length === total && least >= FEWEST : null,
    evidence: [address, asked, table],
    detail: `${replicas.length} of ${total} connections were answered; the replica with the fewest got ${Math.round(least * 100)} % of an equal share`,
    measured: { 'smallest share': [least * 100, '%'] },
  })
}

/** A node loses its power while requests come through the mesh of the others. */
export const meshPowerOff = experiment(
  'A node loses its power under the routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'mesh-power-off', 'proof'],
    disturbs: (on) => losesPower(on, lastWorker(on)),
    hypothesis:
      "Until the manager calls the node Down, the other nodes hand it connections that nobody answers. Then its replicas leave the kernel's tables " +
      'and others are started; from then on no request fails.',
    proves: {
      [POWER_OFF]:
        'After a node lost its power, the mesh of the others answers all requests again, and the node is a member again when it is back',
    },
    start: allWell,
    restore: async (on) => {
      const node = victim(on)
      await on.look({ host: 'controller', command: faultsOf(on, node).powerOff.mend, timeout: 500 })
      await on.watch({
        title: `${node} is a member again`,
        command: NODES,
        within: 300,
        every: 3,
        until: ({ stdout }) => isReady(stdout, node),
      })
      await spreadAgain(on, node)
    },
  },
  async (on) => {
    if (await notHere(on)) return
    const node = victim(on)
    const fault = faultsOf(on, node).powerOff
    const from = on.hosts[0] as string
    const before = await tables(on, from, `before ${node} is lost`)
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: `Timeline: ${fault.says}, under the mesh`, perSecond: 6, doors: (door) => door !== node },
      async ({ mark, now }) => {
        const lostAt = now()
        const made = await on.exhibit({ title: fault.says, ...making(fault) })
        if (made.exitCode !== 0)
          throw new Error(`could not be made to happen: ${fault.says} (see the exhibit "${made.id}")`)
        mark(fault.says)
        const down = await on.watch({
          title: `${node} is Down`,
          command: NODES,
          within: 180,
          until: ({ stdout }) => isDown(stdout, node),
        })
        const downAfter = now() - lostAt
        mark(`${node} Down`)
        const replicas = await replicasElsewhere(on, 'Replicas on the other nodes', [node], 400)
        const wholeAt = now()
        mark('all replicas run')
        const during = await tables(on, from, `while ${node} is lost`)
        const mended = await on.exhibit({ title: `${node} comes back`, ...mending(fault) })
        const back = await on.watch({
          title: `${node} is Ready`,
          command: NODES,
          within: 400,
          every: 2,
          until: ({ stdout }) => isReady(stdout, node),
        })
        mark(`${node} Ready`)
        return { made, down, downAfter, replicas, lostAt, wholeAt, during, mended, back, backAfter: now() - wholeAt }
      },
    )
    const { made, down, downAfter, replicas, lostAt, wholeAt, during, mended, back, backAfter } = value
    const [outage, later] = [fared({ from: lostAt, to: wholeAt }), fared({ from: wholeAt })]
    on.finding(POWER_OFF, {
      holds: down.reached && replicas.reached && back.reached && later.sent > 0 && later.failed === 0,
      evidence: [before, made, down.exhibit, replicas.exhibit, during, mended, back.exhibit, exhibit],
      detail:
        `Down after ${seconds(downAfter)}, all replicas elsewhere after ${seconds(wholeAt - lostAt)}; until then ${outage.failed} of ${outage.sent} requests failed ` +
        `(longest outage ${seconds(outage.outage)}), from then on ${later.failed} of ${later.sent}; ${node} was Ready ${seconds(backAfter)} later`,
      measured: {
        'time to Down': [downAfter, 's'],
        'time to all replicas': [wholeAt - lostAt, 's'],
        'failed requests': [outage.failed, ''],
        'longest outage': [outage.outage, 's'],
        'time to Ready': [backAfter, 's'],
      },
    })
  },
)

interface Asked extends Answers {
  readonly node: string
}

/** Asks through each node's door in turn, each request on a connection of its own. */
async function askEach(on: ExperimentContext, total: number): Promise<Asked[]> {
  const all: Asked[] = []
  for (const door of doorsOf(on))
    all.push({ node: door.node, ...(await callMany([door], 'GET', '/api/counter', { total, clients: 2 })) })
  return all
}

function record(on: ExperimentContext, title: string, asked: readonly Asked[]): Exhibit {
  const rows = asked.flatMap(({ node, answers, errors }) => [
    ...[...shares(answers)]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(
        ([replica, { count, node: on }]: [string, Share]) =>
          `${node.padEnd(12)} ${replica.padEnd(14)} ${on.padEnd(12)} ${count}`,
      ),
    ...(errors.length === 0 ? [] : [`${node.padEnd(12)} ${errors.length} failed: ${errors[0] ?? ''}`]),
  ])
  return on.record({
    title,
    command: 'GET /api/counter through each node, each on a connection of its own',
    stdout: [`${'THROUGH'.padEnd(12)} ${'REPLICA'.padEnd(14)} ${'ON'.padEnd(12)} ANSWERS`, ...rows].join('\n'),
    durationMs: 0,
  })
}
