import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlaybookError, type CareContext, type Exhibit, type ExperimentContext } from '../../../../../src/labbook.ts'
import { quote, sh } from '../../../../../src/shell/quote.ts'
import { callMany } from '../../../../app/client.ts'
import { STACK } from '../../../../app/stack.ts'
import { ROOT } from '../../../../images/table.ts'
import { doorTo } from '../../../../lab/address.ts'
import { manager } from '../../../experiments/support/cluster.ts'
import type { Door } from '../../../experiments/support/probe.ts'
import { nodesNeeded, redisVarsOf, type Topology } from '../../variables.ts'
import { KEY } from '../settings.ts'
import { inTurn, labCompose, secretOf, sentinelsOf, serversOf } from './compose.ts'
import { readLines } from './losses.ts'
import { ownerOf, readClusterNodes, slotOf } from './replies.ts'
import { redisServices } from './template.ts'
import { amiss, type Replies, type Reply } from './whole.ts'

/**
 * What all stacks of these experiments are called, or begin with: beside the app's own, so that its data is never in
 * danger.
 */
export const LAB = 'redislab'
const PORT = 8091

export const CLIENT = (): string =>
  readFileSync(path.join(ROOT, 'playbooks/swarm/redis/experiments/support/client.py'), 'utf8')

/** A stack that was deployed for an experiment. */
export interface Lab {
  readonly stack: string
  readonly topology: Topology
  readonly servers: readonly string[]
  readonly sentinels: readonly string[]
  /** The app's on each node; empty without an app. */
  readonly doors: readonly Door[]
  readonly deployed: Exhibit
}

export interface LabWishes {
  readonly app?: boolean
  readonly quiet?: boolean
  /** Several may stand side by side: each has a number. */
  readonly number?: number
}

const clientOn = (stack: string): string =>
  `$(docker ps -q --filter label=com.docker.swarm.service.name=${stack}_client | head -n 1)`

/** A command that runs the client's program in its container, on the node where the command runs. */
export const clientCommand = (stack: string, ...words: readonly string[]): string =>
  `docker exec ${clientOn(stack)} sh -c 'exec python3 -u -c "$LAB_CLIENT" "$@"' client ${words.map((word) => quote(word)).join(' ')}`

/** Asks servers, from a client in the stack's network. One that does not answer is an answer, too. */
export async function ask(
  on: Pick<CareContext, 'look' | 'hosts'>,
  { stack }: Pick<Lab, 'stack'>,
  servers: readonly string[],
  words: readonly string[],
  host = manager(on),
): Promise<Replies> {
  const { stdout } = await on.look({
    host,
    command: clientCommand(stack, 'ask', servers.join(','), ...words),
    timeout: 30,
  })
  const said = new Map(
    readLines(stdout).map(({ at, address, reply, refused, failed }): [string, Reply] => [
      String(at),
      {
        ...(address === undefined ? {} : { address: String(address) }),
        ...(reply === undefined ? {} : { reply }),
        ...((refused ?? failed) === undefined ? {} : { failed: String(refused ?? failed) }),
      },
    ]),
  )
  return new Map(servers.map((server) => [server, said.get(server) ?? { failed: 'its client did not answer' }]))
}

/** The images that the app's own stack runs. */
export async function imagesInUse(on: CareContext): Promise<{ counter: string; redis: string }> {
  const image = (service: string): string =>
    `docker service inspect ${service} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`
  const { stdout } = await on.look({
    command: `${image(`${STACK}_counter`)}; ${image(`$(docker service ls --filter name=${STACK}_redis --format '{{.Name}}' | head -n 1)`)}`,
  })
  const [counter = '', redis = ''] = stdout.trim().split('\n')
  if (counter === '' || redis === '')
    throw new Error(`the stack "${STACK}" is not deployed: npx zx playbooks/app.mjs does it`)
  return { counter, redis }
}

/** Deploys a compose file that is text, as an exhibit that shows it. @throws where Docker refuses it. */
export async function deployText(on: ExperimentContext, stack: string, text: string, title: string): Promise<Exhibit> {
  const deployed = await on.exhibit({
    title,
    timeout: 180,
    shown: `docker stack deploy --compose-file redislab.yml ${stack}`,
    command: `printf '%s' ${quote(text)} | docker stack deploy --with-registry-auth --resolve-image never --compose-file - ${stack}`,
  })
  if (deployed.exitCode !== 0)
    throw new Error(`the stack "${stack}" cannot be deployed (see the exhibit "${deployed.id}")`)
  return deployed
}

/** Deploys a stack of a topology, and waits until all of it works. */
export async function deployLab(on: ExperimentContext, topology: Topology, wishes: LabWishes = {}): Promise<Lab> {
  const { app = false, quiet = false, number } = wishes
  const { redis_wait_replicas: waitReplicas } = redisVarsOf(topology, on.hostvars(manager(on)))
  const stack = number === undefined ? LAB : `${LAB}${number}`
  const port = PORT + (number ?? 0)
  const { counter, redis } = await imagesInUse(on)
  const nodes = on.groups.swarm ?? []
  if (nodes.length < nodesNeeded(topology))
    throw new PlaybookError(
      `redis_topology ${topology} needs ${nodesNeeded(topology)} nodes in group swarm, and the inventory has ${nodes.length}`,
    )
  const { services, volumes } = redisServices(on, topology, redis, stack)
  // In the shell's own memory and a pipe: the password is never in an argument, nor printed.
  await on.look({
    command: `docker secret inspect ${secretOf(stack)} >/dev/null 2>&1 || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' | docker secret create ${secretOf(stack)} - >/dev/null`,
  })
  const text = labCompose({
    stack,
    topology,
    services,
    volumes,
    counterImage: counter,
    nodes,
    client: CLIENT(),
    quiet,
    waitReplicas,
    ...(app ? { port } : {}),
  })
  const deployed = await deployText(on, stack, text, `A stack of its own: ${topology}`)
  const doors = app ? (on.groups.swarm ?? []).map((node) => ({ ...doorTo(on.hostvars(node), node, port), node })) : []
  const lab: Lab = { stack, topology, servers: serversOf(topology), sentinels: sentinelsOf(topology), doors, deployed }
  if (topology === 'cluster') {
    // The app is not well before there is a cluster, so it is not waited for here.
    await allRun(on, stack, 'redis')
    await formed(on, lab)
  }
  await allRun(on, stack)
  await whole(on, lab)
  return lab
}

/** Waits until every service has all its tasks; of some, those whose names begin like that. */
export async function allRun(on: CareContext, stack: string, some = ''): Promise<void> {
  const { reached, exhibit } = await on.watch({
    title: `Services of ${stack}`,
    within: 240,
    command: `docker stack services ${stack} --format '{{.Name}} {{.Replicas}}'${some === '' ? '' : ` | grep '^${stack}_${some}'`}`,
    until: ({ stdout, exitCode }) =>
      exitCode === 0 &&
      stdout.trim() !== '' &&
      [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted),
  })
  if (!reached)
    throw new Error(
      `the stack "${stack}" did not come up within ${240 * on.slowdown} s (see the exhibit "${exhibit.id}")`,
    )
}

/** Makes one cluster of the nodes, and puts masters back where they belong. */
export async function formed(on: ExperimentContext, { stack, servers }: Lab): Promise<void> {
  const [host = ''] = inTurn(on.groups.swarm ?? [], 'cluster')
  const nodes = servers.map((server) => server.split(':')[0]).join(' ')
  const { exitCode, id } = await on.exhibit({
    title: 'The cluster is formed',
    host,
    timeout: 180,
    shown: 'redis-admin.sh form',
    command: `docker exec -e REDIS_NODES=${quote(nodes)} $(${containerOf(stack, 'redis-cluster-1')}) sh -c 'redis-admin.sh form </run/secrets/redis_password'`,
  })
  if (exitCode !== 0) throw new Error(`the cluster "${stack}" could not be formed (see the exhibit "${id}")`)
}

/** Servers and their state, for the eyes and for {@link amiss}. */
async function state(
  on: Pick<CareContext, 'look' | 'hosts'>,
  lab: Lab,
): Promise<{ info: Replies; sentinels: Replies; cluster: Replies }> {
  const info = await ask(on, lab, lab.servers, ['INFO', 'replication'])
  const sentinels =
    lab.sentinels.length > 0
      ? await ask(on, lab, lab.sentinels, ['SENTINEL', 'MASTER', 'counter'])
      : new Map<string, Reply>()
  const cluster =
    lab.topology === 'cluster' ? await ask(on, lab, lab.servers, ['CLUSTER', 'INFO']) : new Map<string, Reply>()
  return { info, sentinels, cluster }
}

/**
 * Waits until nothing is amiss: every server answers, every replica follows a master, every Sentinel knows two replicas
 * and two others, every node of a cluster calls it well, every door answers. A failover that begins before would show a
 * race of the start.
 */
export async function whole(on: Pick<CareContext, 'look' | 'hosts' | 'signal'>, lab: Lab, within = 180): Promise<void> {
  let why = ''
  for (const ends = performance.now() + within * 1000; performance.now() < ends; ) {
    const { info, sentinels, cluster } = await state(on, lab)
    why = amiss(info, sentinels, cluster) ?? (await doorsAmiss(lab)) ?? ''
    if (why === '') return
    await sleep(1000, undefined, { signal: on.signal })
  }
  throw new Error(`${lab.stack} (${lab.topology}) was not whole within ${within} s: ${why}`)
}

async function doorsAmiss({ doors }: Lab): Promise<string | undefined> {
  if (doors.length === 0) return undefined
  const { answers, errors } = await callMany(doors, 'GET', '/api/counter', {
    total: doors.length * 2,
    clients: doors.length,
  })
  return answers.length === doors.length * 2 ? undefined : `the app: ${errors[0] ?? 'no answer'}`
}

/** Where each server's container is: service without the stack's name -> node. */
export async function nodesOfServices(
  on: Pick<CareContext, 'look'>,
  { stack }: Pick<Lab, 'stack'>,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await on.look({
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

/** The server that takes the counter's changes. */
export interface Master {
  /** `redis:6379` */
  readonly server: string
  readonly address: string
  readonly node: string
  /** Those that could take its place. */
  readonly replicas: readonly string[]
}

/** Finds the master; of a cluster, that of the counter. @throws where there is none, or more than one. */
export async function masterNow(on: Pick<CareContext, 'look' | 'hosts'>, lab: Lab): Promise<Master> {
  const nodes = await nodesOfServices(on, lab)
  const roles = await ask(on, lab, lab.servers, ['ROLE'])
  const at = ({ server, address }: { server: string; address: string }) => ({
    server,
    address,
    node: nodes.get(server.split(':')[0] as string) ?? '',
  })
  const all = [...roles].map(([server, { address = '', reply }]) => ({
    server,
    address,
    role: Array.isArray(reply) ? String(reply[0]) : '',
  }))
  if (lab.topology !== 'cluster') {
    const [master, ...others] = all.filter(({ role }) => role === 'master')
    if (master === undefined || others.length > 0)
      throw new Error(`${others.length + (master === undefined ? 0 : 1)} servers say that they are master`)
    return { ...at(master), replicas: all.filter(({ role }) => role === 'slave').map(({ server }) => server) }
  }
  const known = readClusterNodes(
    String(
      (await ask(on, lab, [lab.servers[1] as string], ['CLUSTER', 'NODES'])).get(lab.servers[1] as string)?.reply ?? '',
    ),
  )
  const owner = ownerOf(known, slotOf(KEY))
  const master = all.find(({ address }) => address !== '' && address === owner?.address)
  if (owner === undefined || master === undefined) throw new Error(`no node of the cluster serves slot ${slotOf(KEY)}`)
  const heirs = known.filter(({ of }) => of === owner.id).map(({ address }) => address)
  return { ...at(master), replicas: all.filter(({ address }) => heirs.includes(address)).map(({ server }) => server) }
}

/** The count, as one server has it. NaN where it does not tell. */
export async function countIn(
  on: Pick<CareContext, 'look' | 'hosts'>,
  lab: Pick<Lab, 'stack'>,
  server: string,
): Promise<number> {
  const { failed, reply } = (await ask(on, lab, [server], ['GET', KEY])).get(server) ?? {}
  return failed === undefined ? Number(reply ?? 0) : Number.NaN
}

/** Removes every stack of these experiments, with volumes and passwords. Works from wherever one stopped. */
export async function removeLabs(on: CareContext): Promise<void> {
  const stacks = `docker stack ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*$'`
  await on.look({ command: `for stack in $(${stacks}); do docker stack rm $stack; done`, timeout: 120 })
  await on.watch({
    title: 'The stacks of the experiment are gone',
    within: 120,
    command: `docker network ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' ; docker service ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' ; :`,
    until: ({ stdout }) => stdout.trim() === '',
  })
  await on.look({
    command: `docker secret ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' | xargs -r docker secret rm`,
  })
  for (const host of on.groups.swarm ?? []) {
    // A container that is still stopping holds its volume.
    const volumes = `docker volume ls -q | grep -E '^${LAB}[0-9]*_'`
    await on.look({
      host,
      timeout: 60,
      command: `for try in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(${volumes})" ] || break; ${volumes} | xargs -r docker volume rm >/dev/null 2>&1; sleep 1; done; rm -f /run/${LAB}-*`,
    })
  }
}

/** The container of a service on the node where the command runs. */
export const containerOf = (stack: string, service: string): string =>
  sh`docker ps -q --filter ${`label=com.docker.swarm.service.name=${stack}_${service}`}`
