import { type Exhibit, quote, MessageError } from 'labbook'
import { labExperiment, type LabContext, say, type LabSetupContext, type LabText, tableOf } from '../../messages/say.ts'
import { callMany, type CallResults } from '../../app/client.ts'
import { checkSteadyState, COUNTER, COUNTER_SERVICE, runningReplicas, desiredReplicas } from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { ipvsTables, reportMissingIpvs } from '../../methods/ipvs.ts'
import { smallestShare, sharesByReplica, type Share } from './support/shares.ts'
import { appEndpoints } from '../../app/entry-points.ts'
import { scaleCommand, watchRunning } from '../../methods/scale.ts'

/** Connections per replica through each node. IPVS uses round robin, so few are enough. */
const PER_REPLICA = 6
/** Smallest accepted fraction of an equal share. */
const MINIMUM_SHARE = 0.5

const scaleAndWait = async (on: LabContext, replicas: number) => {
  await on.exec({ command: scaleCommand(COUNTER_SERVICE, replicas) })
  return watchRunning(on, COUNTER_SERVICE, replicas, { within: 300, every: 3 })
}

const EVERY_NODE = 'swarm.mesh.every-node'
const BALANCES = 'swarm.mesh.balances'
const VIP = 'swarm.vip.balances'

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
      await on.exec({ command: scaleCommand(COUNTER_SERVICE, desiredReplicas(on)) })
    },
  },
  async (on) => {
    if (await reportMissingIpvs(on)) return
    const wanted = desiredReplicas(on)
    const nodes = on.groups.swarm ?? []
    await everyNode(on, Math.max(1, Math.min(wanted, nodes.length - 1)))
    const { reached, exhibit: running } = await scaleAndWait(on, wanted)
    if (!reached)
      throw new MessageError(
        say('{wanted} replicas did not start again (see exhibit "{exhibit}")', { wanted, exhibit: running.id }),
      )
    await balances(on, wanted, running)
    await vip(on, wanted, running)
  },
)

async function everyNode(on: LabContext, fewer: number): Promise<void> {
  const { reached, exhibit: running } = await scaleAndWait(on, fewer)
  const busy = new Set(runningReplicas(running.stdout).map((task) => task.node))
  const idle = (on.groups.swarm ?? []).filter((node) => !busy.has(node))
  const results = await requestThroughEach(on, fewer * PER_REPLICA)
  const exhibit = record(on, say('Responses per node with {fewer} replicas', { fewer }), results)
  const idleTables =
    idle[0] === undefined ? [] : [await ipvsTables(on, idle[0], 'IPVS tables of {host} without a task')]
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
  const tables: Exhibit[] = []
  for (const node of on.groups.swarm ?? [])
    tables.push(await ipvsTables(on, node, 'IPVS tables of {host} after the requests'))
  const least = Math.min(...results.map(({ answers }) => smallestShare(sharesByReplica(answers), wanted)))
  on.finding(BALANCES, {
    holds: results.every(({ errors }) => errors.length === 0) && least >= MINIMUM_SHARE,
    evidence: [running, exhibit, ...tables],
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
      .map((task) => task.node)
      .find((node) => (on.groups.swarm ?? []).includes(node)) ?? (on.hosts[0] as string)
  const total = wanted * PER_REPLICA
  const responses = await on.exhibit({
    title: 'Responses from the virtual IP',
    host,
    timeout: 300,
    command: `docker exec $(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1) python3 -c ${quote(clientScript(total))}`,
    displayCommand: `docker exec COUNTER python3: GET http://${COUNTER}:8080/api/counter, ${total} times`,
  })
  const table = await ipvsTables(on, host, 'IPVS tables of {host} after requests to the virtual IP')
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
    ...(errors.length === 0
      ? []
      : [[node, '', '', say('{n} failed: {error}', { n: errors.length, error: errors[0] ?? '' })]]),
  ])
  return on.record({
    title,
    command: 'GET /api/counter through each node, each on a new connection',
    stdout: tableOf([[say('THROUGH'), say('REPLICA'), say('ON'), say('ANSWERS')], ...rows]),
    durationMs: 0,
  })
}
