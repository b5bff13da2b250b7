import { setTimeout as sleep } from 'node:timers/promises'
import { type Exhibit, MessageError, PlaybookError, quote, sh } from 'labbook'
import { callMany } from '../../../app/client.ts'
import type { AppEndpoint } from '../../../app/entry-points.ts'
import { STACK } from '../../../app/stack.ts'
import { endpointOf } from '../../../lab/address.ts'
import { type LabContext, type LabSetupContext, type LabText, say } from '../../../messages/say.ts'
import { manager } from '../../../swarm/experiments/support/cluster.ts'
import { nodesNeeded, redisSettingsFor } from '../../settings.ts'
import type { Topology } from '../../vars.ts'
import { clientSource, query } from './client.ts'
import { labCompose, nodeOrder, secretOf, sentinelsOf, serversOf } from './compose.ts'
import { type Replies, type Reply, unhealthyReason } from './health.ts'
import { redisServices } from './template.ts'

/** Name or name prefix of the experiments' stacks. They are separate from the app's stack, so its data is safe. */
export const LAB = 'redislab'
const PORT = 8091

/** A stack deployed for an experiment. */
export interface LabStack {
  readonly stack: string
  readonly topology: Topology
  readonly servers: readonly string[]
  readonly sentinels: readonly string[]
  /** Endpoints of the app on each node; empty without an app. */
  readonly endpoints: readonly AppEndpoint[]
  readonly deployed: Exhibit
}

export interface LabStackOptions {
  readonly app?: boolean
  readonly quiet?: boolean
  /** Distinguishes stacks that run at the same time. */
  readonly number?: number
}

/** The images of the app's stack. */
export async function imagesInUse(on: LabSetupContext): Promise<{ counter: string; redis: string }> {
  const image = (service: string): string =>
    `docker service inspect ${service} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`
  const { stdout } = await on.exec({
    command: `${image(`${STACK}_counter`)}; ${image(`$(docker service ls --filter name=${STACK}_redis --format '{{.Name}}' | head -n 1)`)}`,
  })
  const [counter = '', redis = ''] = stdout.trim().split('\n')
  if (counter === '' || redis === '')
    throw new MessageError(say('stack "{stack}" is not deployed: run npx zx playbooks/app.mjs', { stack: STACK }))
  return { counter, redis }
}

/** Deploys the text of a compose file, recorded as an exhibit. @throws if the deployment fails. */
export async function deployCompose(on: LabContext, stack: string, text: string, title: LabText): Promise<Exhibit> {
  const deployed = await on.exhibit({
    title,
    timeout: 180,
    displayCommand: `docker stack deploy --compose-file redislab.yml ${stack}`,
    command: `printf '%s' ${quote(text)} | docker stack deploy --with-registry-auth --resolve-image never --compose-file - ${stack}`,
  })
  if (deployed.exitCode !== 0)
    throw new MessageError(
      say('cannot deploy stack "{stack}" (see exhibit "{exhibit}")', { stack, exhibit: deployed.id }),
    )
  return deployed
}

/** Deploys a stack with a topology and waits until it is healthy. */
export async function deployLabStack(
  on: LabContext,
  topology: Topology,
  options: LabStackOptions = {},
): Promise<LabStack> {
  const { app = false, quiet = false, number } = options
  const { redis_wait_replicas: waitReplicas } = redisSettingsFor(topology, on.hostvars(manager(on)))
  const stack = number === undefined ? LAB : `${LAB}${number}`
  const port = PORT + (number ?? 0)
  const { counter, redis } = await imagesInUse(on)
  const nodes = on.groups.swarm ?? []
  if (nodes.length < nodesNeeded(topology))
    throw new PlaybookError(
      `redis_topology ${topology} needs ${nodesNeeded(topology)} nodes in group swarm; the inventory has ${nodes.length}`,
    )
  const { services, volumes } = redisServices(on, topology, redis, stack)
  // Generated and passed in a pipe, so that the password is never an argument or printed.
  await on.exec({
    command: `docker secret inspect ${secretOf(stack)} >/dev/null 2>&1 || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' | docker secret create ${secretOf(stack)} - >/dev/null`,
  })
  const text = labCompose({
    stack,
    topology,
    services,
    volumes,
    counterImage: counter,
    nodes,
    client: clientSource(),
    quiet,
    waitReplicas,
    ...(app ? { port } : {}),
  })
  const deployed = await deployCompose(on, stack, text, say('Deploy a stack with topology {topology}', { topology }))
  const endpoints = app
    ? (on.groups.swarm ?? []).map((node) => ({ ...endpointOf(on.hostvars(node), node, port), node }))
    : []
  const lab: LabStack = {
    stack,
    topology,
    servers: serversOf(topology),
    sentinels: sentinelsOf(topology),
    endpoints,
    deployed,
  }
  if (topology === 'cluster') {
    // The app is unhealthy until the cluster exists, so wait only for Redis here.
    await waitForServices(on, stack, 'redis')
    await createCluster(on, lab)
  }
  await waitForServices(on, stack)
  await waitForHealthy(on, lab)
  return lab
}

/** Waits until every service with the name prefix runs all its tasks. */
export async function waitForServices(on: LabSetupContext, stack: string, prefix = ''): Promise<void> {
  const { reached, exhibit } = await on.watch({
    title: say('Services of {stack}', { stack }),
    within: 240,
    command: `docker stack services ${stack} --format '{{.Name}} {{.Replicas}}'${prefix === '' ? '' : ` | grep '^${stack}_${prefix}'`}`,
    until: ({ stdout, exitCode }) =>
      exitCode === 0 &&
      stdout.trim() !== '' &&
      [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted),
  })
  if (!reached)
    throw new MessageError(
      say('stack "{stack}" did not converge within {within} s (see exhibit "{exhibit}")', {
        stack,
        within: 240 * on.timeoutMultiplier,
        exhibit: exhibit.id,
      }),
    )
}

/** Creates the cluster, or restores the assignment of masters to nodes. */
export async function createCluster(on: LabContext, { stack, servers }: LabStack): Promise<void> {
  const [host = ''] = nodeOrder(on.groups.swarm ?? [], 'cluster')
  const nodes = servers.map((server) => server.split(':')[0]).join(' ')
  const { exitCode, id } = await on.exhibit({
    title: 'Create the Redis Cluster',
    host,
    timeout: 180,
    displayCommand: 'redis-admin.sh form',
    command: `docker exec -e REDIS_NODES=${quote(nodes)} $(${containerOf(stack, 'redis-cluster-1')}) sh -c 'redis-admin.sh form </run/secrets/redis_password'`,
  })
  if (exitCode !== 0)
    throw new MessageError(
      say('cannot create the Redis Cluster of stack "{stack}" (see exhibit "{exhibit}")', { stack, exhibit: id }),
    )
}

/** Queries the state of all servers for `unhealthyReason`. */
async function queryState(
  on: Pick<LabSetupContext, 'exec' | 'hosts'>,
  lab: LabStack,
): Promise<{ info: Replies; sentinels: Replies; cluster: Replies }> {
  const info = await query(on, lab, lab.servers, ['INFO', 'replication'])
  const sentinels =
    lab.sentinels.length > 0
      ? await query(on, lab, lab.sentinels, ['SENTINEL', 'MASTER', 'counter'])
      : new Map<string, Reply>()
  const cluster =
    lab.topology === 'cluster' ? await query(on, lab, lab.servers, ['CLUSTER', 'INFO']) : new Map<string, Reply>()
  return { info, sentinels, cluster }
}

/**
 * Waits until the stack is healthy: every server answers, every replica is connected to its master, every Sentinel
 * knows two replicas and two other Sentinels, every cluster node reports the state ok, and the app answers on every
 * node. Otherwise a fault would race with the startup.
 */
export async function waitForHealthy(
  on: Pick<LabSetupContext, 'exec' | 'hosts' | 'signal'>,
  lab: LabStack,
  within = 180,
): Promise<void> {
  let reason = ''
  for (const deadline = performance.now() + within * 1000; performance.now() < deadline; ) {
    const { info, sentinels, cluster } = await queryState(on, lab)
    reason = unhealthyReason(info, sentinels, cluster) ?? (await appUnhealthyReason(lab)) ?? ''
    if (reason === '') return
    await sleep(1000, undefined, { signal: on.signal })
  }
  throw new MessageError(
    say('stack "{stack}" ({topology}) not healthy within {within} s: {reason}', {
      stack: lab.stack,
      topology: lab.topology,
      within,
      reason,
    }),
  )
}

async function appUnhealthyReason({ endpoints }: LabStack): Promise<string | undefined> {
  if (endpoints.length === 0) return undefined
  const { answers, errors } = await callMany(endpoints, 'GET', '/api/counter', {
    total: endpoints.length * 2,
    clients: endpoints.length,
  })
  return answers.length === endpoints.length * 2 ? undefined : `app: ${errors[0] ?? 'no response'}`
}

/** Node of each service; names without the stack's prefix. */
export async function nodesOfServices(
  on: Pick<LabSetupContext, 'exec'>,
  { stack }: Pick<LabStack, 'stack'>,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await on.exec({
    command: `docker stack ps ${stack} --filter desired-state=running --format '{{.Name}} {{.Node}}'`,
  })
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line): [string, string] => {
        const [name = '', node = ''] = line.trim().split(/\s+/)
        return [name.replace(`${stack}_`, '').replace(/\.[^.]+$/, ''), node]
      }),
  )
}

/** Command that prints the container of a service on the executing node. */
export const containerOf = (stack: string, service: string): string =>
  sh`docker ps -q --filter ${`label=com.docker.swarm.service.name=${stack}_${service}`}`
