import { setTimeout as sleep } from 'node:timers/promises'
import type { CareContext, Exhibit, ExperimentContext } from '../../src/labbook.ts'
import { callMany } from '../app/client.ts'
import { endpoints, settled } from '../app/proof.ts'
import { appVars, STACK } from '../app/stack.ts'
import type { Replica } from './usage.ts'

const COUNTER = `${STACK}_counter`
/** How many there are to be, and how many a node may have at most (0: any number). */
const SPEC = `docker service inspect ${COUNTER} --format '{{.Spec.Mode.Replicated.Replicas}} {{with .Spec.TaskTemplate.Placement}}{{.MaxReplicas}}{{else}}0{{end}}'`
const TASKS = `docker stack ps ${STACK} --no-trunc --filter desired-state=running --format '{{.ID}} {{.Name}} {{.Node}} {{.CurrentState}}'`
/** Seconds for replicas to come, or to go: they are given 30 s to end their work. */
const WITHIN = 180

/** What the inventory asks for. */
export function deployed({ hosts, hostvars }: Pick<CareContext, 'hosts' | 'hostvars'>): {
  replicas: number
  mostOnNode: number
} {
  const { counter_replicas: replicas, counter_max_per_node: mostOnNode } = appVars(hostvars(hosts[0] as string))
  return { replicas, mostOnNode }
}

/** The start state of every load test: the stack is there, as the inventory has it, and at rest. */
export async function asDeployed(on: CareContext): Promise<void> {
  const { replicas, mostOnNode } = deployed(on)
  const { stdout, exitCode } = await on.look({ command: SPEC })
  if (exitCode !== 0) throw new Error(`the stack "${STACK}" is not deployed: npx zx playbooks/app.mjs does it`)
  if (stdout.trim() !== `${replicas} ${mostOnNode}`) {
    throw new Error(
      `${COUNTER} is not as the inventory has it (${replicas} replicas, at most ${mostOnNode} on a node): npx zx playbooks/app.mjs puts it right`,
    )
  }
  await settled(on)
}

/** Gives the service the replicas of the inventory again, wherever an experiment stopped. */
export async function putBack(on: CareContext): Promise<void> {
  const { replicas, mostOnNode } = deployed(on)
  const { stdout } = await on.look({ command: SPEC })
  if (stdout.trim() !== `${replicas} ${mostOnNode}`) {
    await on.exhibit({ title: `Back to ${replicas} replicas`, command: update(replicas, mostOnNode), timeout: 60 })
  }
  const back = await on.watch({
    title: `${replicas} replicas again`,
    command: TASKS,
    within: WITHIN,
    until: ({ stdout: tasks }) => allRun(tasks, replicas),
  })
  if (!back.reached) throw new Error(`${COUNTER} had not ${replicas} replicas again within ${WITHIN * on.slowdown} s`)
}

/** A change of the most on a node alone starts no task anew. It has to leave room for as many as are asked for. */
const update = (replicas: number, mostOnNode: number): string =>
  `docker service update --detach --quiet --replicas ${replicas} --replicas-max-per-node ${mostOnNode} ${COUNTER}`

/**
 * Sets the number of replicas, and waits until exactly so many run and answer through the doors.
 *
 * @returns the exhibit with the tasks that then run.
 * @throws where that does not come about in three minutes.
 */
export async function scaleTo(on: ExperimentContext, replicas: number): Promise<Exhibit> {
  const { mostOnNode } = deployed(on)
  const nodes = Math.max(1, on.groups.swarm?.length ?? 1)
  const room = mostOnNode === 0 ? 0 : Math.max(mostOnNode, Math.ceil(replicas / nodes))
  const { exitCode, stderr } = await on.look({ command: update(replicas, room), timeout: 60 })
  if (exitCode !== 0) throw new Error(`${COUNTER} could not be scaled to ${replicas}: ${stderr.trim()}`)
  const running = await on.watch({
    title: `${replicas} ${replicas === 1 ? 'replica runs' : 'replicas run'}`,
    command: TASKS,
    within: WITHIN,
    until: ({ stdout }) => allRun(stdout, replicas),
  })
  if (!running.reached)
    throw new Error(
      `not ${replicas} replicas of ${COUNTER} within ${WITHIN * on.slowdown} s: see the exhibit "${running.exhibit.id}"`,
    )
  await allAnswer(on, replicas)
  return running.exhibit
}

const counterTasks = (tasks: string): string[] => tasks.split('\n').filter((line) => line.includes(` ${COUNTER}.`))

const allRun = (tasks: string, replicas: number): boolean => {
  const lines = counterTasks(tasks)
  return lines.length === replicas && lines.every((line) => / Running /.test(line))
}

/** Balancers notice a little later than Swarm that a replica has come or gone. */
async function allAnswer(on: ExperimentContext, replicas: number): Promise<void> {
  const doors = endpoints(on)
  for (let tries = 0, seen = 0; seen < 2; tries++) {
    const { answers, errors } = await callMany(doors, 'GET', '/api/counter', {
      total: Math.max(20, replicas * 8),
      clients: doors.length,
    })
    const distinct = new Set(answers.map(({ replica }) => replica)).size
    seen = distinct === replicas && errors.length === 0 ? seen + 1 : 0
    if (seen === 0 && tries > 60)
      throw new Error(
        `${replicas} replicas run, and ${distinct} answer through the doors (${errors.length} requests failed)`,
      )
    if (seen === 0) await sleep(500, undefined, { signal: on.signal })
  }
}

const CONTAINERS = `docker inspect --format '{{.ID}} {{with .Status.ContainerStatus}}{{.ContainerID}}{{end}}' $(docker stack ps ${STACK} -q --no-trunc --filter desired-state=running)`

/** The containers of the stack, wherever they run. */
export async function containers(on: ExperimentContext): Promise<Replica[]> {
  const { stdout } = await on.look({ command: `${TASKS}; echo; ${CONTAINERS}` })
  return readContainers(stdout)
}

/** Reads the tasks and, after an empty line, the containers by the id of their task. */
export function readContainers(stdout: string): Replica[] {
  const [tasks = '', ids = ''] = stdout.split(/\n\s*\n/)
  const idOf = new Map<string | undefined, string | undefined>(
    ids
      .split('\n')
      .map((line) => line.trim().split(' '))
      .map(([task, container]) => [task, container]),
  )
  return tasks.split('\n').flatMap((line) => {
    const [task = '', name = '', node = ''] = line.trim().split(/\s+/)
    const id = idOf.get(task)
    if (id === undefined || name === '') return []
    const [service = '', slot = ''] = name.split('.')
    // Of a service with one task on each node the slot is the node's long id.
    return [{ id, service, name: /^\d+$/.test(slot) ? name : `${service}.${node}` }]
  })
}
