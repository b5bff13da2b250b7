import { type Exhibit, quote, tableLines, messageText } from 'labbook'
import {
  labExperiment,
  type LabContext,
  say,
  inSeconds,
  type LabSetupContext,
  type LabText,
} from '../../messages/say.ts'
import { callMany, type CallResults } from '../../app/client.ts'
import { injection, recovery } from 'labbook/lab'
import { faultsOf } from '../../lab/faults.ts'
import {
  checkSteadyState,
  COUNTER,
  isDown,
  isReady,
  NODES,
  waitForReplicas,
  runningReplicas,
  scaleCommand,
  rebalanceTo,
  targetNode,
  desiredReplicas,
} from './support/cluster.ts'
import { lastWorker, powerOffEach, disturbSwarmNodes } from './support/disturbs.ts'
import { appEndpoints, observeDuring } from './support/observe-during.ts'
import { smallestShare, sharesByReplica, type Share } from './support/shares.ts'

/** Connections per replica through each node. IPVS uses round robin, so few are enough. */
const PER_REPLICA = 6
/** Smallest accepted fraction of an equal share. */
const MINIMUM_SHARE = 0.5

const HAS_IPVS = 'test -d /proc/sys/net/ipv4/vs || test -e /proc/net/ip_vs || modprobe -n -q ip_vs'
/** The IPVS tables of the routing mesh (`ingress_sbox`) and of the services' virtual IPs (`lb_...`). */
const TABLES = `command -v ipvsadm >/dev/null || { echo 'ipvsadm is not installed here: install the package ipvsadm to see the tables'; exit 0; }
for space in /run/docker/netns/ingress_sbox /run/docker/netns/lb_*; do
  [ -e "$space" ] || continue
  echo "== $(basename "$space")"; nsenter --net="$space" ipvsadm -ln --stats; nsenter --net="$space" iptables -t mangle -S PREROUTING 2>/dev/null | grep -- '--set-xmark' || true
done`

const tables = (on: LabContext, host: string): Promise<Exhibit> =>
  on.exhibit({
    title: say('IPVS tables of {host} after the requests', { host }),
    host,
    command: TABLES,
    displayCommand: 'nsenter --net=/run/docker/netns/... ipvsadm -ln --stats',
  })

/** Finds nodes whose kernel has no IPVS: they have no routing mesh. */
async function withoutIpvs(on: LabContext): Promise<{ hosts: string[]; exhibits: Exhibit[] }> {
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

/** Without IPVS, reports every finding as inconclusive. @returns whether it did. */
async function reportMissingIpvs(on: LabContext): Promise<boolean> {
  const { hosts, exhibits } = await withoutIpvs(on)
  if (hosts.length === 0) return false
  const why = say(
    'the kernel of {nodes} has no IPVS, so there is no routing mesh; use virtual machines (lab.mjs up --provider qemu)',
    { nodes: hosts.join(', ') },
  )
  on.inconclusive(why, exhibits)
  on.log(messageText(why))
  return true
}

const RUNNING = `docker service ps ${COUNTER} --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'`

const scaleAndWait = async (on: LabContext, replicas: number) => {
  await on.exec({ command: scaleCommand(replicas) })
  return on.watch({
    title: say('Replicas until {replicas} run', { replicas }),
    command: RUNNING,
    within: 300,
    every: 3,
    until: ({ stdout }) => runningReplicas(stdout).length === replicas,
  })
}

const EVERY_NODE = 'swarm.mesh.every-node'
const BALANCES = 'swarm.mesh.balances'
const VIP = 'swarm.vip.balances'
const POWER_OFF = 'swarm.node-power-off.recovers'

/** Tests how IPVS balances connections from outside and inside the Swarm. */
export const mesh = labExperiment(
  'Send requests through the routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'mesh', 'proof'],
    disturbs: disturbSwarmNodes('the Counter app is scaled down and up'),
    hypothesis:
      "Each node listens on the published port and forwards connections to all replicas in round robin, even a node without a replica. The service's virtual IP does the same.",
    assertions: {
      [EVERY_NODE]: 'Every node answers on the published port, even without a task of the service',
      [BALANCES]: 'Routing mesh spreads connections over all replicas through each node',
      [VIP]: 'Virtual IP of the service spreads connections over all replicas',
    },
    steadyState: checkSteadyState,
    rollback: async (on: LabSetupContext) => {
      await on.exec({ command: scaleCommand(desiredReplicas(on)) })
    },
  },
  async (on) => {
    if (await reportMissingIpvs(on)) return
    const wanted = desiredReplicas(on)
    const nodes = on.groups.swarm ?? []
    await everyNode(on, Math.max(1, Math.min(wanted, nodes.length - 1)))
    const { reached, exhibit: running } = await scaleAndWait(on, wanted)
    if (!reached) throw new Error(`${wanted} replicas did not start again (see exhibit "${running.id}")`)
    await balances(on, wanted, running)
    await vip(on, wanted, running)
  },
)

async function everyNode(on: LabContext, fewer: number): Promise<void> {
  const { reached, exhibit: running } = await scaleAndWait(on, fewer)
  const busy = new Set(runningReplicas(running.stdout).map((line) => line.split(' ')[1]))
  const idle = (on.groups.swarm ?? []).filter((node) => !busy.has(node))
  const results = await requestThroughEach(on, fewer * PER_REPLICA)
  const exhibit = record(on, say('Responses per node with {fewer} replicas', { fewer }), results)
  const idleTables = idle[0] === undefined ? [] : [await tables(on, idle[0], 'without a task')]
  const failing = results.filter(({ answers, errors }) => answers.length === 0 || errors.length > 0)
  on.finding(EVERY_NODE, {
    holds: reached && idle.length > 0 ? failing.length === 0 : null,
    evidence: [running, exhibit, ...idleTables],
    detail:
      idle.length === 0
        ? say('every node had a task')
        : say('{failing}; {idle} had no task', {
            failing:
              failing.length === 0
                ? say('every node answered every request')
                : say('requests through {nodes} failed', { nodes: failing.map(({ node }) => node).join(', ') }),
            idle: idle.join(', '),
          }),
  })
}

async function balances(on: LabContext, wanted: number, running: Exhibit): Promise<void> {
  const results = await requestThroughEach(on, wanted * PER_REPLICA)
  const exhibit = record(on, say('Responses per replica with {wanted} replicas', { wanted }), results)
  const ipvsTables: Exhibit[] = []
  for (const node of on.groups.swarm ?? []) ipvsTables.push(await tables(on, node))
  const least = Math.min(...results.map(({ answers }) => smallestShare(sharesByReplica(answers), wanted)))
  on.finding(BALANCES, {
    holds: results.every(({ errors }) => errors.length === 0) && least >= MINIMUM_SHARE,
    evidence: [running, exhibit, ...ipvsTables],
    detail: say(
      'least used replica got {least} % of an equal share; {connections} connections through each of {nodes} nodes',
      { least: Math.round(least * 100), connections: wanted * PER_REPLICA, nodes: results.length },
    ),
    measured: { 'smallest share': [least * 100, '%'] },
  })
}

/** Opens one connection per request; every variant of the app's image has Python. */
const clientScript = (times: number): string => `import urllib.request
for _ in range(${times}):
    try:
        print(urllib.request.urlopen('http://${COUNTER}:8080/api/counter', timeout=10).read().decode())
    except OSError as error:
        print('failed:', error)
`

async function vip(on: LabContext, wanted: number, running: Exhibit): Promise<void> {
  const address = await on.exhibit({
    title: 'Virtual IP of the service',
    command: `docker service inspect ${COUNTER} --format '{{.Spec.EndpointSpec.Mode}}: {{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}'`,
  })
  const host: string =
    runningReplicas(running.stdout)
      .map((line) => line.split(' ')[1] ?? '')
      .find((node) => (on.groups.swarm ?? []).includes(node)) ?? (on.hosts[0] as string)
  const total = wanted * PER_REPLICA
  const responses = await on.exhibit({
    title: 'Responses from the virtual IP',
    host,
    timeout: 300,
    command: `docker exec $(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1) python3 -c ${quote(clientScript(total))}`,
    displayCommand: `docker exec COUNTER python3: GET http://${COUNTER}:8080/api/counter, ${total} times`,
  })
  const table = await tables(on, host, 'after requests to the virtual IP')
  const replicas = [...responses.stdout.matchAll(/"replica": ?"([^"]+)"/g)].map(([, replica]) => ({
    replica: replica ?? '',
  }))
  const least = smallestShare(sharesByReplica(replicas), wanted)
  on.finding(VIP, {
    holds: address.stdout.startsWith('vip') ? replicas.length === total && least >= MINIMUM_SHARE : null,
    evidence: [address, responses, table],
    detail: say('least used replica got {least} % of an equal share; {replicas} of {total} connections answered', {
      least: Math.round(least * 100),
      replicas: replicas.length,
      total,
    }),
    measured: { 'smallest share': [least * 100, '%'] },
  })
}

/** Powers off a node while requests go through the routing mesh of the other nodes. */
export const meshPowerOff = labExperiment(
  'Power off a node under the routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'mesh-power-off', 'proof'],
    disturbs: (on) => powerOffEach(on, lastWorker(on)),
    hypothesis:
      'Until the manager marks the node Down, the other nodes forward connections to it that time out. Then Swarm removes its replicas from the IPVS tables and starts others; from then on no request fails.',
    assertions: {
      [POWER_OFF]:
        'Routing mesh of the other nodes answers all requests once the powered-off node is Down, and the recovered node is Ready',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const node = targetNode(on)
      await on.exec({ host: 'controller', command: faultsOf(on, node).powerLoss.recover, timeout: 500 })
      await on.watch({
        title: say('Status of {node}', { node }),
        command: NODES,
        within: 300,
        every: 3,
        until: ({ stdout }) => isReady(stdout, node),
      })
      await rebalanceTo(on, node)
    },
  },
  async (on) => {
    if (await reportMissingIpvs(on)) return
    const node = targetNode(on)
    const fault = faultsOf(on, node).powerLoss
    const from = on.hosts[0] as string
    const before = await tables(on, from, `before the power-off`)
    const { value, exhibit, requestStats } = await observeDuring(
      on,
      {
        title: say('Timeline: {description}, routing mesh', { description: fault.text }),
        perSecond: 6,
        endpoints: (endpoint) => endpoint !== node,
      },
      async ({ mark, now }) => {
        const injectedAt = now()
        const injected = await on.exhibit({ title: fault.text, ...injection(fault) })
        if (injected.exitCode !== 0)
          throw new Error(`cannot inject fault: ${fault.description} (see exhibit "${injected.id}")`)
        mark(fault.text)
        const down = await on.watch({
          title: say('Nodes until {node} is Down', { node }),
          command: NODES,
          within: 180,
          until: ({ stdout }) => isDown(stdout, node),
        })
        const downAfter = now() - injectedAt
        mark(say('{node} Down', { node }))
        const replicas = await waitForReplicas(on, 'Replicas on the other nodes', [node], 400)
        const replacedAt = now()
        mark('all replicas run')
        const during = await tables(on, from, `during the power-off`)
        const recovered = await on.exhibit({ title: say('Recover {node}', { node }), ...recovery(fault) })
        const ready = await on.watch({
          title: say('Nodes until {node} is Ready', { node }),
          command: NODES,
          within: 400,
          every: 2,
          until: ({ stdout }) => isReady(stdout, node),
        })
        mark(say('{node} Ready', { node }))
        return {
          injected,
          down,
          downAfter,
          replicas,
          injectedAt,
          replacedAt,
          during,
          recovered,
          ready,
          readyAfter: now() - replacedAt,
        }
      },
    )
    const { injected, down, downAfter, replicas, injectedAt, replacedAt, during, recovered, ready, readyAfter } = value
    const [outage, later] = [requestStats({ from: injectedAt, to: replacedAt }), requestStats({ from: replacedAt })]
    on.finding(POWER_OFF, {
      holds: down.reached && replicas.reached && ready.reached && later.sent > 0 && later.failed === 0,
      evidence: [before, injected, down.exhibit, replicas.exhibit, during, recovered, ready.exhibit, exhibit],
      detail: say(
        '{failed} of {sent} requests failed after all replicas ran on other nodes ({replacedAfter}, Down after {downAfter}), {failed2} of {sent2} before (longest outage {outage}); {node} Ready {readyAfter} later',
        {
          failed: later.failed,
          sent: later.sent,
          replacedAfter: inSeconds(replacedAt - injectedAt),
          downAfter: inSeconds(downAfter),
          failed2: outage.failed,
          sent2: outage.sent,
          outage: inSeconds(outage.outage),
          node,
          readyAfter: inSeconds(readyAfter),
        },
      ),
      measured: {
        'time to Down': [downAfter, 's'],
        'time to all replicas': [replacedAt - injectedAt, 's'],
        'failed requests': [outage.failed, ''],
        'longest outage': [outage.outage, 's'],
        'time to Ready': [readyAfter, 's'],
      },
    })
  },
)

interface NodeAnswers extends CallResults {
  readonly node: string
}

/** Sends requests through each node in turn, each on a new connection. */
async function requestThroughEach(on: LabContext, total: number): Promise<NodeAnswers[]> {
  const all: NodeAnswers[] = []
  for (const endpoint of appEndpoints(on))
    all.push({ node: endpoint.node, ...(await callMany([endpoint], 'GET', '/api/counter', { total, clients: 2 })) })
  return all
}

function record(on: LabContext, title: LabText, results: readonly NodeAnswers[]): Exhibit {
  const rows = results.flatMap(({ node, answers, errors }) => [
    ...[...sharesByReplica(answers)]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([replica, { count, node: on }]: [string, Share]) => [node, replica, on, count]),
    ...(errors.length === 0 ? [] : [[node, '', '', `${errors.length} failed: ${errors[0] ?? ''}`]]),
  ])
  return on.record({
    title,
    command: 'GET /api/counter through each node, each on a new connection',
    stdout: tableLines([['THROUGH', 'REPLICA', 'ON', 'ANSWERS'], ...rows]).join('\n'),
    durationMs: 0,
  })
}
