import { setTimeout as sleep } from 'node:timers/promises'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'
import { type Exhibit, MessageError } from 'labbook'
import { callMany } from '../app/client.ts'
import { endpoints, waitForStack } from '../app/proof.ts'
import { COUNTER_CPUS, STACK } from '../app/stack.ts'
import { appVars } from '../app/vars.ts'
import type { StackContainer } from './usage.ts'

export const COUNTER = `${STACK}_counter`
/** Configured replicas, maximum per node (0: unlimited), and CPU limit of a replica in 1e-9 cores. */
const SPEC = `docker service inspect ${COUNTER} --format '{{.Spec.Mode.Replicated.Replicas}} {{with .Spec.TaskTemplate.Placement}}{{.MaxReplicas}}{{else}}0{{end}} {{.Spec.TaskTemplate.Resources.Limits.NanoCPUs}}'`
const TASKS = `docker stack ps ${STACK} --no-trunc --filter desired-state=running --format '{{.ID}} {{.Name}} {{.Node}} {{.CurrentState}}'`
/** The tasks, and after an empty line the CPU limit of each replica in 1e-9 cores: a changed limit replaces them. */
const TASKS_AND_LIMITS = `${TASKS}; echo; docker inspect --format '{{.Spec.Resources.Limits.NanoCPUs}}' $(docker service ps -q --no-trunc --filter desired-state=running ${COUNTER})`
/** Timeout in seconds for starting or stopping replicas; their stop grace period is 30 s. */
const WITHIN = 180

/** Replicas in the inventory. */
export function configuredReplicas({ hosts, hostvars }: Pick<LabSetupContext, 'hosts' | 'hostvars'>): {
  replicas: number
  mostOnNode: number
} {
  const { counter_replicas: replicas, counter_max_per_node: mostOnNode } = appVars.read(hostvars(hosts[0] as string))
  return { replicas, mostOnNode }
}

/** Steady state of every load test: the stack is deployed as in the inventory, and has converged. */
export async function assertDeployed(on: LabSetupContext): Promise<void> {
  const { replicas, mostOnNode } = configuredReplicas(on)
  const { stdout, exitCode } = await on.exec({ command: SPEC })
  if (exitCode !== 0)
    throw new MessageError(say('stack "{stack}" is not deployed: run npx zx playbooks/app.mjs', { stack: STACK }))
  if (stdout.trim() !== specOf(replicas, mostOnNode)) {
    throw new MessageError(
      say(
        '{service} differs from the inventory ({replicas}, at most {mostOnNode} per node, {cores} cores each): run npx zx playbooks/app.mjs',
        { service: COUNTER, replicas: say('{n|replica|replicas}', { n: replicas }), mostOnNode, cores: COUNTER_CPUS },
      ),
    )
  }
  await waitForStack(on)
}

const specOf = (replicas: number, mostOnNode: number): string => `${replicas} ${mostOnNode} ${nanoCpus(COUNTER_CPUS)}`

const nanoCpus = (cpus: number): number => Math.round(cpus * 1e9)

/** Restores the replicas of the inventory, and their CPU limit. */
export async function restoreReplicas(on: LabSetupContext): Promise<void> {
  const { replicas, mostOnNode } = configuredReplicas(on)
  const { stdout } = await on.exec({ command: SPEC })
  if (stdout.trim() !== specOf(replicas, mostOnNode)) {
    await on.exhibit({
      title: say('Restore {replicas|replica|replicas}', { replicas }),
      command: update(replicas, mostOnNode, COUNTER_CPUS),
      timeout: 60,
    })
  }
  const restored = await on.watch({
    title: 'Replicas after the restore',
    command: TASKS_AND_LIMITS,
    displayCommand: TASKS,
    within: WITHIN,
    until: ({ stdout }) => allRun(stdout, replicas, COUNTER_CPUS),
  })
  if (!restored.reached)
    throw new MessageError(
      say('{service} did not reach {replicas} within {within} s', {
        service: COUNTER,
        replicas: say('{n|replica|replicas}', { n: replicas }),
        within: WITHIN * on.timeoutMultiplier,
      }),
    )
}

/**
 * A change of the maximum per node restarts no task, a change of the CPU limit restarts all. The maximum must allow the
 * requested replicas.
 */
const update = (replicas: number, mostOnNode: number, cpus: number): string =>
  `docker service update --detach --quiet --replicas ${replicas} --replicas-max-per-node ${mostOnNode} --limit-cpu ${cpus} ${COUNTER}`

/** Until no task should run any more; else Swarm would update them one after the other. Ten seconds at most. */
const WAIT_UNTIL_STOPPED = `for lb_try in $(seq 50); do [ -n "$(docker service ps -q --filter desired-state=running ${COUNTER})" ] || break; sleep 0.2; done`

/**
 * Sets the number of replicas and the CPU limit of each, and waits until exactly that number runs and responds.
 *
 * @param cpus - limit of a replica in cores.
 * @returns the exhibit with the running tasks.
 * @throws if that takes longer than three minutes.
 */
export async function scaleTo(on: LabContext, replicas: number, cpus = COUNTER_CPUS): Promise<Exhibit> {
  const { mostOnNode } = configuredReplicas(on)
  const nodes = Math.max(1, on.groups.swarm?.length ?? 1)
  // One more than needed: an update that starts the new task before it stops the old one would find all nodes full.
  const maxPerNode = mostOnNode === 0 ? 0 : Math.max(mostOnNode, Math.ceil(replicas / nodes) + 1)
  const { stdout: spec } = await on.exec({ command: SPEC })
  // Tasks with another limit are replaced a few at a time, and with little CPU each takes seconds to start. Without
  // tasks, all new ones start at once.
  const stopped = spec.trim().endsWith(` ${nanoCpus(cpus)}`) ? [] : [update(0, maxPerNode, cpus), WAIT_UNTIL_STOPPED]
  const { exitCode, stderr } = await on.exec({
    command: [...stopped, update(replicas, maxPerNode, cpus)].join(' && '),
    timeout: 60,
  })
  if (exitCode !== 0)
    throw new MessageError(
      say('cannot scale {service} to {replicas}: {stderr}', {
        service: COUNTER,
        replicas: say('{n|replica|replicas}', { n: replicas }),
        stderr: stderr.trim(),
      }),
    )
  const running = await on.watch({
    title: say('Tasks with {replicas|replica|replicas}', { replicas }),
    command: TASKS_AND_LIMITS,
    displayCommand: TASKS,
    within: WITHIN,
    until: ({ stdout }) => allRun(stdout, replicas, cpus),
  })
  if (!running.reached)
    throw new MessageError(
      say('{service} did not reach {replicas} within {within} s: see the exhibit "{exhibit}"', {
        service: COUNTER,
        replicas: say('{n|replica|replicas}', { n: replicas }),
        within: WITHIN * on.timeoutMultiplier,
        exhibit: running.exhibit.id,
      }),
    )
  await waitForResponses(on, replicas)
  return running.exhibit
}

const counterTasks = (tasks: string): string[] => tasks.split('\n').filter((line) => line.includes(` ${COUNTER}.`))

/** Whether exactly so many replicas run, all with the CPU limit. @param stdout - of {@link TASKS_AND_LIMITS}. */
export function allRun(stdout: string, replicas: number, cpus: number): boolean {
  const [tasks = '', limits = ''] = stdout.split(/\n\s*\n/)
  const lines = counterTasks(tasks)
  const set = limits.split('\n').filter((line) => line.trim() !== '')
  return (
    lines.length === replicas &&
    lines.every((line) => / Running /.test(line)) &&
    set.length === replicas &&
    set.every((limit) => Number(limit) === nanoCpus(cpus))
  )
}

/** Load balancers detect a change of replicas later than Swarm. */
async function waitForResponses(on: LabContext, replicas: number): Promise<void> {
  const targets = endpoints(on)
  for (let attempts = 0, successes = 0; successes < 2; attempts++) {
    const { answers, errors } = await callMany(targets, 'GET', '/api/counter', {
      total: Math.max(20, replicas * 8),
      clients: targets.length,
    })
    const distinct = new Set(answers.map(({ replica }) => replica)).size
    successes = distinct === replicas && errors.length === 0 ? successes + 1 : 0
    if (successes === 0 && attempts > 60)
      throw new MessageError(
        say('{distinct} of {replicas} running replicas respond ({failed} requests failed)', {
          distinct,
          replicas,
          failed: errors.length,
        }),
      )
    if (successes === 0) await sleep(500, undefined, { signal: on.signal })
  }
}

const CONTAINERS = `docker inspect --format '{{.ID}} {{with .Status.ContainerStatus}}{{.ContainerID}}{{end}}' $(docker stack ps ${STACK} -q --no-trunc --filter desired-state=running)`

/** The containers of the stack, on all nodes. */
export async function stackContainers(on: LabContext): Promise<StackContainer[]> {
  const { stdout } = await on.exec({ command: `${TASKS}; echo; ${CONTAINERS}` })
  return parseContainers(stdout)
}

/** Parses the tasks and, after an empty line, the container of each task. */
export function parseContainers(stdout: string): StackContainer[] {
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
    // In a global service, the slot is the node ID.
    return [{ id, service, name: /^\d+$/.test(slot) ? name : `${service}.${node}` }]
  })
}
