import { disturbAll, quote, timeoutMultiplierOf } from 'labbook'
import {
  labExperiment,
  type LabContext,
  type LabSetupContext,
  say,
  type LabVerdict,
  tableOf,
  lines,
} from '../messages/say.ts'
import { endpointOf } from '../lab/address.ts'
import { missingIpvs, findHostsWithoutIpvs } from '../methods/ipvs.ts'
import { CookieClient, distinctReplicas, requestOverOneConnection, responseTable } from './client.ts'
import { balancerEndpoints, pathOf } from './endpoints.ts'
import { APPS, balancerSettings, STACK } from './stack.ts'

/** A port that the routing mesh publishes during the comparison. */
const PORT = 8096
const SERVICES = ['balancer-mesh', 'balancer-mesh-2'] as const
const REQUESTS = 20

const remove = async (on: Pick<LabSetupContext, 'exec'>): Promise<void> => {
  await on.exec({ command: `docker service rm ${SERVICES.join(' ')} 2>/dev/null || true` })
}

/** Publishes a port in ingress mode, the one of the routing mesh. The image is the one that the stack runs. */
const create = (name: string, image: string, options: string): string =>
  `docker service create --name ${name} --with-registry-auth --no-resolve-image ${options} --publish published=${PORT},target=${APPS[0].port} ${quote(image)}`

/** The timeouts of the apps, as in templates/balancer/stack.yml. */
const timeoutOptions = (slowdown: number): string =>
  [
    `--env REDIS_TIMEOUT=${slowdown}`,
    `--env HEALTH_SECONDS=${2 * slowdown}`,
    `--env GUNICORN_CMD_ARGS='--timeout ${30 * slowdown}'`,
    `--env RES_OPTIONS='timeout:${Math.min(slowdown, 30)} attempts:1'`,
    `--health-interval ${2 * slowdown}s --health-timeout ${3 * slowdown}s --health-retries 5`,
    `--health-start-period ${30 * slowdown}s`,
  ].join(' ')

/** Compares what the balancer does with what the routing mesh alone does: why it is needed beside the mesh. */
export const meshComparison = labExperiment(
  'Compare load balancer with routing mesh',
  {
    hosts: 'swarm_managers[0]',
    tags: ['balancer', 'proof'],
    disturbs: ({ groups }) => disturbAll(groups.swarm ?? [], `the service "${SERVICES[0]}" is created and removed`),
    hypothesis:
      'The routing mesh forwards connections: a port belongs to one service, a connection to one replica. A load balancer reads requests: it chooses the app by path, and a replica for each request.',
    assertions: {
      'balancer.mesh.port': 'The routing mesh publishes one service per port, the balancer two apps on one',
      'balancer.mesh.connection':
        'Requests of one connection reach one replica through the routing mesh, and several through the balancer',
    },
    steadyState: remove,
    rollback: remove,
  },
  async (on) => {
    const image = (
      await on.exec({
        command: `docker service inspect ${STACK}_${APPS[0].service} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`,
      })
    ).stdout.trim()
    await comparePorts(on, image)
    await compareConnections(on, image)
  },
)

/** Two services without tasks suffice: the manager refuses the port. */
async function comparePorts(on: LabContext, image: string): Promise<void> {
  const [first, second] = SERVICES
  const options = '--detach --replicas 0'
  const published = await on.exhibit({
    title: 'Publish a service through the routing mesh',
    command: create(first, image, options),
  })
  const refused = await on.exhibit({
    title: 'Publish a second service on the same port',
    command: create(second, image, options),
  })
  const answers = await requestApps(on)
  const isRefused = refused.exitCode !== 0 && /already in use/.test(refused.stderr)
  on.finding('balancer.mesh.port', {
    holds:
      published.exitCode === 0 && answers.statuses.length === APPS.length
        ? isRefused && answers.statuses.every((status) => status === 200)
        : null,
    evidence: [published, refused, ...answers.exhibits],
    detail: say('second service: {answer}; balancer, one port: {paths}', {
      answer: (refused.stderr.trim() || refused.stdout.trim()).split('\n').at(-1) ?? '',
      paths: APPS.map(({ path }, i) => `/${path} ${answers.statuses[i] ?? '-'}`).join(', '),
    }),
  })
}

/** One request to each app, over one port of the balancer. A request without a response has status 0. */
async function requestApps(on: LabContext) {
  const [endpoint] = balancerEndpoints(on)
  if (endpoint === undefined) return { statuses: [], exhibits: [] }
  const started = Date.now()
  const client = new CookieClient({ cookies: false })
  const rows: [path: string, status: number, answer: string][] = []
  for (const app of APPS) {
    const path = pathOf(app)
    rows.push(
      await client.request(endpoint, 'GET', path).then(
        ({ status, replica }): [string, number, string] => [path, status, replica],
        (error: unknown) => [path, 0, (error as Error).message],
      ),
    )
  }
  const exhibit = on.record({
    title: 'One request to each app through the balancer',
    command: say('GET {paths} on {url}', {
      paths: APPS.map(pathOf).join(', '),
      url: `http://${endpoint.host}:${endpoint.port}`,
    }),
    stdout: tableOf([[say('PATH'), say('STATUS'), say('REPLICA')], ...rows]),
    durationMs: Date.now() - started,
  })
  return { statuses: rows.map(([, status]) => status), exhibits: [exhibit] }
}

async function compareConnections(on: LabContext, image: string): Promise<void> {
  const [node = ''] = on.groups.swarm ?? []
  const vars = on.hostvars(node)
  const { replicas, sticky, port } = balancerSettings(vars)
  const [app] = APPS
  const through = async (
    title: 'One connection through the balancer' | 'One connection through the routing mesh',
    publishedPort: number,
    path: string,
  ) => {
    const started = Date.now()
    const endpoint = endpointOf(vars, node, publishedPort)
    const tally = await requestOverOneConnection(endpoint, path, REQUESTS)
    const exhibit = on.record({
      title,
      command: say('GET {path}, {n|time|times} over one connection to {url}', {
        path,
        n: REQUESTS,
        url: `http://${endpoint.host}:${endpoint.port}`,
      }),
      stdout: lines(responseTable(tally), say('connections: {n}', { n: tally.connections })),
      durationMs: Date.now() - started,
    })
    return { ...tally, exhibit, reached: distinctReplicas(tally).length }
  }
  const balanced = await through('One connection through the balancer', port, pathOf(app))
  const { hosts, exhibits } = await findHostsWithoutIpvs(on)
  const finding = (verdict: LabVerdict): void => on.finding('balancer.mesh.connection', verdict)
  if (hosts.length > 0) {
    finding({
      holds: null,
      evidence: [balanced.exhibit, ...exhibits],
      detail: say('{reason}; through the balancer {reached} of {replicas} replicas answered', {
        reason: missingIpvs(hosts),
        reached: balanced.reached,
        replicas,
      }),
    })
    return
  }
  await remove(on)
  const options = [
    `--replicas ${replicas} --network ${STACK}_backend --env REDIS_HOST=redis --env COUNTER_KEY=${app.path}`,
    `--env NODE_NAME='{{.Node.Hostname}}' ${timeoutOptions(timeoutMultiplierOf(on, on.groups.swarm ?? []))}`,
  ].join(' ')
  const published = await on.exhibit({
    title: 'Publish all replicas through the routing mesh',
    command: create(SERVICES[0], image, options),
    timeout: 180,
  })
  const meshed = await through('One connection through the routing mesh', PORT, '/api/counter')
  const isComparable =
    published.exitCode === 0 &&
    replicas > 1 &&
    !sticky &&
    [balanced, meshed].every(({ connections, errors }) => connections === 1 && errors.length === 0)
  finding({
    holds: isComparable ? meshed.reached === 1 && balanced.reached > 1 : null,
    evidence: [balanced.exhibit, published, meshed.exhibit],
    detail: say(
      'of {replicas} replicas, {meshed} answered through the routing mesh and {balanced} through the balancer; failed requests: {failed}',
      {
        replicas,
        meshed: meshed.reached,
        balanced: balanced.reached,
        failed: meshed.errors.length + balanced.errors.length,
      },
    ),
  })
}
